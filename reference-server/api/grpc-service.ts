import type { RestService } from './rest-service.ts';

/** What the calls work with. */
export type GrpcService = Omit<RestService, 'signalOf'>;
