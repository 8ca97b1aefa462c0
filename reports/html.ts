/** Markup that is already safe to print. Only `html` and `raw` make one. */
export interface Html {
  readonly markup: string;
}

type Insert = Html | string | number | undefined | false | readonly Insert[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** Markup from a source that is ours: a rendered chart, a stylesheet. Never for text from a record. */
export function raw(markup: string): Html {
  return { markup };
}

/** Template tag: whatever is inserted is escaped, unless it is `Html`; lists are joined, `undefined` prints nothing. */
export function html(parts: TemplateStringsArray, ...inserts: Insert[]): Html {
  let markup = parts[0] ?? '';
  inserts.forEach((insert, index) => {
    markup += print(insert) + (parts[index + 1] ?? '');
  });
  return { markup };
}

function print(insert: Insert): string {
  if (insert === undefined || insert === false) return '';
  if (typeof insert === 'string' || typeof insert === 'number') return escapeHtml(String(insert));
  if ('markup' in insert) return insert.markup;
  return insert.map(print).join('');
}

/** JSON for a `<script type="application/json">` block, which no text in it can close. */
export function jsonBlock(id: string, data: unknown): Html {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return raw(`<script type="application/json" id="${escapeHtml(id)}">${json}</script>`);
}
