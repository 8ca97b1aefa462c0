import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { escapeHtml, type Html, raw } from '../html.ts';

/**
 * Draws a specification as SVG text, now: the page needs no charting library, no eval and no network.
 * `label` says in words what the picture shows; the figures themselves are in a table of the report.
 */
export async function draw(spec: TopLevelSpec, label: string): Promise<Html> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return raw(compact(svg, label));
}

/** Vega writes for every renderer; a static picture needs a quarter of it. */
function compact(svg: string, label: string): string {
  const size = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg);
  const body = svg
    .replace(/^<svg[^>]*>|<\/svg>$/g, '')
    .replace(/<path class="(?:background|foreground)"[^>]*\/>/g, '')
    .replace(/<text[^>]* opacity="0"[^>]*>[^<]*<\/text>/g, '')
    .replace(/<text[^>]*\/>/g, '')
    .replace(/ role="graphics-symbol" aria-roledescription="axis" aria-label="[^"]*"/g, '')
    .replace(/ aria-label="/g, ' data-tip="')
    .replace(/ (?:class|role|aria-\w+|font-family|pointer-events)="[^"]*"/g, '')
    .replace(
      / (?:opacity="1"|stroke-width="1"|text-anchor="start"|stroke-dasharray=""|font-weight="normal"|font-size="12px")/g,
      '',
    )
    .replace(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10))
    .replace(/ transform="translate\(0,0\)"/g, '')
    .replace(/<text([^>]*) transform="translate\(([-\d.]+),([-\d.]+)\)"/g, '<text$1 x="$2" y="$3"')
    .replace(CIRCLE, '<circle$1 cx="$2" cy="$3" r="$4"');
  return `<svg class="chart" role="img" aria-label="${escapeHtml(label)}" width="${size?.[1]}" viewBox="0 0 ${size?.[1]} ${size?.[2]}" font-size="12">${withoutEmptyGroups(body)}</svg>`;
}

/** A circle as Vega writes it: two arcs. */
const CIRCLE =
  /<path([^>]*) transform="translate\(([-\d.]+),([-\d.]+)\)" d="M([\d.]+),0A\4,\4,0,1,1,-\4,0A\4,\4,0,1,1,\4,0"/g;

/** Takes groups away that say nothing about what is in them. */
function withoutEmptyGroups(svg: string): string {
  const open: boolean[] = [];
  return svg.replace(/<g([^>]*)>|<\/g>/g, (tag, attributes: string | undefined) => {
    if (attributes !== undefined) open.push(attributes.trim() !== '');
    const kept = attributes === undefined ? open.pop() : open.at(-1);
    return kept ? tag : '';
  });
}
