import { spread } from './spread.ts';
import { COLOUR } from './theme.ts';

/** Where a line ends, in pixels of the plot, and what it is called. */
export interface LineEnd {
  readonly px: number;
  readonly py: number;
  readonly name: string;
  readonly colour: string;
  /** The recommended one: bold and marked. */
  readonly strong: boolean;
}

const NAME_WIDTH = 120;
const NAME_HEIGHT = 15;

/** Each line's name beside its end; where ends are close together the names move apart, with thin leaders back. */
export function lineNames(ends: readonly LineEnd[], height: number) {
  return clusters(ends).flatMap((cluster) => {
    const nameX = Math.max(...cluster.map(({ px }) => px)) + 14;
    const wishes = cluster.map(({ py }) => py);
    const places = spread(wishes, NAME_HEIGHT, 4, height);
    return cluster.flatMap((end, index) => nameLayers(end, nameX, places[index] ?? end.py));
  });
}

function nameLayers({ px, py, name, colour, strong }: LineEnd, nameX: number, nameY: number) {
  return [
    {
      data: { values: [{}] },
      mark: { type: 'rule', stroke: COLOUR.faint, strokeWidth: 1, aria: false },
      encoding: { x: { value: px + 7 }, x2: { value: nameX - 2 }, y: { value: py }, y2: { value: nameY } },
    },
    {
      data: { values: [{ name: `${name}${strong ? ' ◂' : ''}` }] },
      mark: {
        type: 'text',
        align: 'left',
        baseline: 'middle',
        color: colour,
        fontWeight: strong ? 'bold' : 'normal',
        aria: false,
      },
      encoding: { x: { value: nameX }, y: { value: nameY }, text: { field: 'name' } },
    },
  ];
}

/** Line ends whose names would share a column. */
function clusters(ends: readonly LineEnd[]): LineEnd[][] {
  const found: LineEnd[][] = [];
  for (const end of [...ends].sort((a, b) => a.px - b.px)) {
    const last = found.at(-1);
    const start = last?.[0]?.px;
    if (last !== undefined && start !== undefined && end.px - start < NAME_WIDTH) last.push(end);
    else found.push([end]);
  }
  return found;
}
