import type { TopLevelSpec } from 'vega-lite';
import type { Batch } from '../../harness/record/watched.ts';
import { count, percent } from '../format.ts';
import { COLOUR, chart } from './theme.ts';

/** How many batches of each size were executed. */
export function batchSizesSpec(batch: Batch): TopLevelSpec {
  const sizes = Object.entries(batch.histogram)
    .map(([size, executions]) => ({ size: Number(size), executions }))
    .sort((a, b) => a.size - b.size);
  const largest = sizes.at(-1)?.size ?? 1;
  const width = 320;
  return chart(width, 150, {
    data: {
      values: sizes.map(({ size, executions }) => ({
        size,
        executions,
        tip: `${size} ${size === 1 ? 'row' : 'rows'}: ${count(executions)} batches, ${percent(executions / Math.max(1, batch.executions))}`,
      })),
    },
    mark: { type: 'bar', fill: COLOUR.accent, width: Math.max(2, Math.min(26, width / (largest + 1) - 2)) },
    encoding: {
      x: {
        field: 'size',
        type: 'quantitative',
        title: 'rows in a batch',
        scale: { domain: [0, largest + 1], nice: false },
        axis: { tickMinStep: 1, tickCount: 8, titlePadding: 5 },
      },
      y: { field: 'executions', type: 'quantitative', title: 'batches', axis: { tickCount: 4 } },
      description: { field: 'tip' },
    },
  });
}
