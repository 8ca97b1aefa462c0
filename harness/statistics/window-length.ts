const DEFAULT_MS = 1000;
/** With fewer, neither steadiness nor correlation can be told: this many come before full windows. */
const LEAST_WINDOWS = 8;
const REQUESTS = 100;

/**
 * The length of a window: 1 s, longer where 100 requests take longer, and never more than an eighth of the run.
 * `requestsPerS` is undefined for a closed loop, whose rate is not known.
 */
export function windowLengthMs(durationMs: number, requestsPerS?: number): number {
  const forRequests = requestsPerS === undefined ? 0 : (REQUESTS / requestsPerS) * 1000;
  const windows = Math.round(durationMs / Math.max(DEFAULT_MS, forRequests));
  return durationMs / Math.max(LEAST_WINDOWS, windows);
}
