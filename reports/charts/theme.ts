import type { Config, TopLevelSpec } from 'vega-lite';

/**
 * Colours are names: the page's stylesheet gives them their light and dark values, so one picture serves both.
 * They reach the SVG as `fill="var(--ink)"`.
 */
export const COLOUR = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  faint: 'var(--faint)',
  line: 'var(--line)',
  accent: 'var(--accent)',
  wash: 'var(--wash)',
  sunken: 'var(--sunken)',
  surface: 'var(--surface)',
} as const;

const FONT_SIZE = 12;

const CONFIG: Config = {
  background: 'transparent',
  view: { stroke: null },
  axis: {
    domainColor: COLOUR.line,
    tickColor: COLOUR.line,
    gridColor: COLOUR.line,
    labelColor: COLOUR.muted,
    titleColor: COLOUR.muted,
    labelFontSize: FONT_SIZE,
    titleFontSize: FONT_SIZE,
    titleFontWeight: 'normal',
    tickSize: 4,
    labelPadding: 4,
  },
  axisY: {
    domain: false,
    ticks: false,
    titleAngle: 0,
    titleAlign: 'left',
    titleAnchor: 'end',
    titleY: -10,
    titleX: 0,
  },
  axisX: { grid: false },
  text: { color: COLOUR.muted, fontSize: FONT_SIZE },
};

/** The parts that every chart shares. Width and height are those of the plot, axes come on top. */
export function chart(width: number, height: number, rest: Record<string, unknown>): TopLevelSpec {
  return { width, height, padding: 2, config: CONFIG, ...rest } as unknown as TopLevelSpec;
}
