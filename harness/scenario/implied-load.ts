import { asMap } from './axes.ts';
import { DEFAULT_SAMPLES_PER_QUERY, namesShares, OPEN_SHAPES } from './load-checks.ts';

/** No load at all means the default ladder; shares need the closed pass that resolves them. */
export function withImpliedLoad(content: Record<string, unknown>): Record<string, unknown> {
  const load = content.load === undefined ? {} : asMap(content.load);
  if (load === undefined) return content;
  const given = [...OPEN_SHAPES, 'closed'].filter((shape) => load[shape] !== undefined);
  const ladder = given.length === 0 ? { ladder: {} } : {};
  const takesShares = given.length === 0 || given.includes('ladder') || namesShares(load);
  const closed = takesShares && !given.includes('closed') ? { closed: {} } : {};
  const { scenario, samplesPerQuery = DEFAULT_SAMPLES_PER_QUERY } = asMap(load.mlperf) ?? {};
  const rows =
    scenario === 'multi-stream' ? { workload: { rows: samplesPerQuery, ...asMap(content.workload) } } : {};
  return { ...content, ...rows, load: { ...load, ...ladder, ...closed } };
}
