import { afterEach, expect, it } from 'vitest';
import type { WorkloadSpec } from '../../../../harness/scenario/workload-spec.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { type RowServer, startRowServer } from '../../../support/row-server.ts';

let server: RowServer | undefined;
afterEach(async () => {
  await server?.stop();
});

const PLAIN = { encoding: 'json', inputs: {}, distinct: 'all' } as const;
const MIX: WorkloadSpec = {
  ...PLAIN,
  rows: 1,
  mix: [
    { ...PLAIN, name: 'popular', share: 0.6, rows: 1, keys: { distribution: 'zipf', s: 1, keys: 50 } },
    { ...PLAIN, name: 'bulk', share: 0.3, rows: 4 },
    { ...PLAIN, name: 'other', share: 0.1, rows: 2, model: 'embedder', encoding: 'binary' },
  ],
};

it.each([1, 2])(
  'two models and three classes at once, from %i generators: each is counted apart',
  async (generators) => {
    server = await startRowServer();
    const truth = assignment(server.url).model;
    const {
      counts,
      warmupCounts,
      classes = {},
      rows,
      payloadKeys,
    } = await runLoad(
      assignment(server.url, {
        ...(generators === 1 ? {} : { generators }),
        workload: MIX,
        otherModels: [{ ...truth, name: 'embedder' }],
        load: { shape: 'open', arrivals: 'even', requestsPerS: 400 },
      }),
    );
    expect([counts.failed, counts.unsent, counts.inFlightAtEnd]).toEqual([0, 0, 0]);
    const all = Object.entries(classes);
    expect(all.map(([name]) => name)).toEqual(['popular', 'bulk', 'other']);
    expect(all.reduce((sum, [, one]) => sum + one.counts.ok, 0)).toBe(counts.ok);
    expect(all.map(([, one]) => one.rows)).toEqual(
      all.map(([, one], at) => one.counts.ok * ([1, 4, 2][at] ?? 0)),
    );
    expect(all.reduce((sum, [, one]) => sum + one.rows, 0)).toBe(rows);
    expect(payloadKeys).toEqual([50, null, null]);
    const embedder = classes.other;
    const version = (name: string) =>
      [...(server?.askedAt ?? [])].find(([path]) => path.includes(`/${name}/`))?.[1];
    expect(version('embedder')).toBe((embedder?.counts.sent ?? 0) + (embedder?.warmupCounts.sent ?? 0));
    expect(server.answered()).toBe(counts.sent + warmupCounts.sent);
    // Seed 1: the choice is the same for any number of generators.
    expect(all.map(([, one]) => one.counts.scheduled + one.warmupCounts.scheduled)).toEqual(SCHEDULED);
  },
);

/** Of 480 arrivals: 0.2 s of warm-up and 1 s at 400/s. */
const SCHEDULED = [276, 155, 49];
