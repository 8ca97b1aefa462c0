const DEFAULT_MS = 1000;
/** Short runs are cut in eight, the least with which steadiness can be told. */
const LEAST_WINDOWS = 8;
const REQUESTS = 100;

/**
 * The length of a window: 1 s, an eighth of a run that is shorter than 8 s, and longer where 100 requests take longer,
 * but never longer than a quarter of the run. `requestsPerS` is undefined for a closed loop, whose rate is not known.
 */
export function windowLengthMs(durationMs: number, requestsPerS?: number): number {
  const usual = Math.min(DEFAULT_MS, durationMs / LEAST_WINDOWS);
  if (requestsPerS === undefined) return usual;
  const forRequests = (REQUESTS / requestsPerS) * 1000;
  const wanted = Math.min(Math.max(usual, forRequests), durationMs / 4);
  return durationMs / Math.max(1, Math.round(durationMs / wanted));
}
