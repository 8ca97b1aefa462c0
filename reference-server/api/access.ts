import type { Access } from '../operations/doorkeeper.ts';
import type { Route } from './route-table.ts';

/** What says only whether the server is there: orchestrators ask it, and have no token. */
const OPEN: ReadonlySet<string> = new Set([
  'live',
  'ready',
  '/inference.GRPCInferenceService/ServerLive',
  '/inference.GRPCInferenceService/ServerReady',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
]);

/** What answers or reads, and changes nothing of what is served. */
const CALLS: ReadonlySet<string> = new Set([
  'infer',
  'server-metadata',
  'all-statistics',
  'metrics',
  'repository-index',
  'model-metadata',
  'model-ready',
  'model-config',
  'model-statistics',
  ...[
    'ModelInfer',
    'ModelStreamInfer',
    'ServerMetadata',
    'ModelReady',
    'ModelMetadata',
    'ModelConfig',
    'ModelStatistics',
    'RepositoryIndex',
  ].map((method) => `/inference.GRPCInferenceService/${method}`),
]);

/** Of a route of the REST door, or of a method's path at the gRPC door: what is on neither list is for administrators. */
export function accessTo(asked: Route['to'] | `/${string}`): Access {
  if (OPEN.has(asked)) return 'open';
  return CALLS.has(asked) ? 'call' : 'admin';
}
