import type { IncomingMessage } from 'node:http';
import type { ModelRepository } from '../models/repository.ts';
import type { Clock } from '../telemetry/timings.ts';
import type { Metrics } from './metrics.ts';

/** What the routes work with. */
export interface RestService {
  readonly models: ModelRepository;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly bodyLimitBytes: number;
  readonly version: string;
  draining(): boolean;
  /** Aborted when this request's connection closes. */
  signalOf(request: IncomingMessage): AbortSignal;
}
