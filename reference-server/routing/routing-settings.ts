import { z } from 'zod';

/** The number of a version, or a label that stands for one. */
const versionName = z
  .union([z.int().min(1), z.string().min(1)], 'must be the number of a version, or a label')
  .transform(String);

const weight = z.number().min(0, 'must be a weight from 0');

const split = z
  .record(z.string().min(1), weight)
  .refine((weights) => Object.values(weights).some((one) => one > 0), 'must give a version a weight above 0');

const shadow = z.strictObject({
  version: versionName,
  /** Of the requests that name no version. */
  share: z.number().gt(0, 'must be above 0').max(1, 'must be 1 at most').default(1),
  /** Copies under way at once; a request that comes when there are so many is not copied. */
  maxInFlight: z.int().min(1).default(64),
});
export type ShadowSettings = z.infer<typeof shadow>;

/** Which version gets a request that names none. */
export const routing = z.strictObject({
  /** Version or label: its weight beside the others. Only versions that run take part. */
  split: split.optional(),
  /** A version that gets copies of requests and whose answers nobody gets. */
  shadow: shadow.optional(),
});
export type RoutingSettings = z.infer<typeof routing>;

/** What a request changes of it: what is left out stays, null takes away. */
export const routingChange = z.strictObject({
  split: split.nullable().optional(),
  shadow: shadow.nullable().optional(),
});
export type RoutingChange = z.infer<typeof routingChange>;

/** The settings with the change made. */
export function changed(before: RoutingSettings, { split, shadow }: RoutingChange): RoutingSettings {
  const chosen = {
    split: split === undefined ? before.split : (split ?? undefined),
    shadow: shadow === undefined ? before.shadow : (shadow ?? undefined),
  };
  return {
    ...(chosen.split === undefined ? {} : { split: chosen.split }),
    ...(chosen.shadow === undefined ? {} : { shadow: chosen.shadow }),
  };
}
