import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { type Html, html } from '../html.ts';

/** Where it ran, and where its raw figures are. */
export function environmentSection(record: RunRecord): Html {
  const facts = [...flatten(record.environment), ...flatten(record.labels, 'label')];
  return html`<section aria-labelledby="environment"><h2 id="environment">Environment</h2>
  <dl class="terms">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
  <h3 id="raw">Raw figures</h3>
  <p><a href="run.json">run.json</a> beside this report holds every figure shown here and more, in run ${record.id}, format ${record.formatVersion}, written by ${record.tool.name} ${record.tool.version}.</p>
</section>`;
}

/** `{ pinning: { server: [0] } }` -> `pinning server`, `0`. */
function flatten(value: unknown, name = ''): [string, string][] {
  if (isMissing(value)) return [[name, `none: ${value.missing}`]];
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    return [[name, value.join(', ')]];
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) =>
      flatten(inner, name === '' ? key : `${name} ${key}`),
    );
  }
  return [[name, typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)]];
}
