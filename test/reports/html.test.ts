import { expect, it } from 'vitest';
import { html, jsonBlock } from '../../reports/html.ts';

it('escapes whatever is inserted, in text and in attributes', () => {
  const evil = `<script>alert("1")</script>'&`;
  expect(html`<p title="${evil}">${evil}</p>`.markup).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;</p>',
  );
});

it('nests markup and lists, prints 0, prints nothing for false and undefined', () => {
  expect(html`<ul>${[1, 0].map((n) => html`<li>${n}</li>`)}</ul>${false}${undefined}`.markup).toBe(
    '<ul><li>1</li><li>0</li></ul>',
  );
});

it('writes JSON that cannot end its own block', () => {
  const { markup } = jsonBlock('x', { name: '</script><script>' });
  expect(markup.indexOf('</script>')).toBe(markup.length - '</script>'.length);
  expect(JSON.parse(markup.slice(markup.indexOf('>') + 1, -'</script>'.length))).toEqual({
    name: '</script><script>',
  });
});
