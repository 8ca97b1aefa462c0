import type { IncomingMessage } from 'node:http';
import type { ModelRepository } from '../models/repository.ts';
import type { ConcurrencyGate } from '../operations/concurrency.ts';
import type { DoorCounts } from '../operations/door-counts.ts';
import type { Doorkeeper } from '../operations/doorkeeper.ts';
import type { LimitSettings } from '../operations/operation-settings.ts';
import type { Clock } from '../telemetry/timings.ts';
import type { Metrics } from './metrics.ts';

/** What the routes work with. */
export interface RestService {
  readonly models: ModelRepository;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly bodyLimitBytes: number;
  readonly doorkeeper: Doorkeeper;
  readonly gate: ConcurrencyGate;
  readonly limits: LimitSettings;
  readonly counts: DoorCounts;
  readonly version: string;
  draining(): boolean;
  /** Aborted when this request's connection closes. */
  signalOf(request: IncomingMessage): AbortSignal;
}
