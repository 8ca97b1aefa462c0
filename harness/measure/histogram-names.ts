/**
 * Histogram names and what each holds, in microseconds, over requests attributed to the measure phase.
 * Only ok requests enter response and service; every sent request enters the lags.
 */
export const HISTOGRAMS = [
  /** doneAt - intendedAt of ok requests */
  'response',
  /** doneAt - sentAt of ok requests */
  'service',
  /** sentAt - intendedAt */
  'sendLag',
  /** dispatchedAt - intendedAt: the generator acted late */
  'dispatchLag',
  /** sentAt - dispatchedAt: no connection was free */
  'connectionWait',
  /** response - dispatchLag of ok requests: what response would have been with a punctual client */
  'responseLessDispatchLag',
  /** response - connectionWait of ok requests */
  'responseLessConnectionWait',
  /** Estimated lateness of reading answers: how late a probe timer of the generator's event loop fired */
  'receiveLag',
  /** doneAt - intendedAt of every finished request, whatever its outcome (Little's law) */
  'allOutcomes',
] as const;
export type HistogramName = (typeof HISTOGRAMS)[number];
