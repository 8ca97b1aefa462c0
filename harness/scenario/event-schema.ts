import { z } from 'zod';
import { ACTIONS } from './event-spec.ts';
import { choice, duration, label, percentage, whole } from './leaves.ts';

const event = z
  .strictObject({
    at: duration('When, counted from the start of the measure phase'),
    do: choice(
      'What: model.load, model.unload (version), split.set (weights), shadow.set (version, share), cache.flush, redis.stop (of the Redis that the run started), replica.kill, replica.replace (replica)',
      ACTIONS,
    ),
    in: z
      .record(z.string(), label("The axis's label"))
      .prefault({})
      .describe('The cases in which it happens; left out: in all at a rate, not in the closed pass'),
    version: whole(
      'Of model.load, model.unload and shadow.set: which version of the model',
      1,
      1_000_000,
    ).optional(),
    weights: z
      .record(z.string(), percentage('Share of the requests that name no version'))
      .optional()
      .describe('Of split.set: version: share; left out: no split any more'),
    share: percentage('Of shadow.set: the share of the requests that is copied; left out: all').optional(),
    replica: whole('Of replica.kill and replica.replace: which, from 1', 1, 64).optional(),
  })
  .describe('Something that happens to the server while a case is measured');

export const events = z
  .array(event)
  .prefault([])
  .describe(
    'What happens to the bundled server during a case, one after another; recorded, and drawn over time',
  );

export type EventFile = z.output<typeof event>;
