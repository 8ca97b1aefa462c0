import { z } from 'zod';

export const CREDIBILITY = [
  'valid',
  'client-limited',
  'connection-limited',
  'overloaded',
  'inconclusive',
] as const;
/** What slowed the generator down meanwhile, whatever came of it: an explanation, never a verdict. */
export const CAUSES = ['gc', 'cpu-quota', 'steal', 'pressure', 'same-cores', 'late-wakes'] as const;
const cause = z.object({ id: z.enum(CAUSES), message: z.string() });
export type Cause = z.infer<typeof cause>;

export const credibility = z.object({
  status: z.enum(CREDIBILITY),
  reasons: z.array(z.object({ id: z.string(), message: z.string(), advice: z.string() })),
  /** Absent where nothing was seen. */
  causes: z.array(cause).optional(),
});
export type CredibilityRecord = z.infer<typeof credibility>;

export const GATE_OUTCOMES = ['pass', 'fail', 'regression', 'inconclusive'] as const;
export const gateResult = z.object({
  /** The expression as written: `p99 < 50ms`. */
  expression: z.string(),
  where: z.record(z.string(), z.string()),
  outcome: z.enum(GATE_OUTCOMES),
  /** One sentence with the figure, its interval and the bound. */
  message: z.string(),
});
export type GateResult = z.infer<typeof gateResult>;
