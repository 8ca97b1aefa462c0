import { ServingError } from '../errors.ts';

/** What a request asks for, read from its method and path alone. */
export type Route =
  | { readonly to: 'live' | 'ready' | 'server-metadata' | 'all-statistics' | 'metrics' }
  | ({ readonly to: 'model-metadata' | 'model-ready' | 'model-config' | 'model-statistics' } & OfModel)
  | ({ readonly to: 'infer' } & OfModel);

interface OfModel {
  readonly model: string;
  readonly version: string | undefined;
}

const PLAIN: Readonly<Record<string, Route>> = {
  '/v2': { to: 'server-metadata' },
  '/v2/health/live': { to: 'live' },
  '/v2/health/ready': { to: 'ready' },
  '/v2/models/stats': { to: 'all-statistics' },
  '/metrics': { to: 'metrics' },
};

const MODEL_ACTIONS = {
  '': 'model-metadata',
  ready: 'model-ready',
  config: 'model-config',
  stats: 'model-statistics',
  infer: 'infer',
} as const;

/** Throws a `not-found` or `wrong-method` ServingError. */
export function routeOf(method: string, url: string): Route {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  const route = PLAIN[path] ?? modelRoute(path);
  if (route === undefined) throw new ServingError('not-found', `no such path: ${path.slice(0, 200)}`);
  const allowed = allowedMethod(route);
  if (method === allowed) return route;
  const message = `${path.slice(0, 200)} takes ${allowed}, found ${method}`;
  throw new ServingError('wrong-method', message, { headers: ['Allow', allowed] });
}

function allowedMethod(route: Route): 'GET' | 'POST' {
  return route.to === 'infer' ? 'POST' : 'GET';
}

/** /v2/models/{model}[/versions/{version}][/{action}] */
function modelRoute(path: string): Route | undefined {
  const [root, v2, models, model, ...rest] = path.split('/');
  if (root !== '' || v2 !== 'v2' || models !== 'models' || !model) return undefined;
  const version = rest[0] === 'versions' ? rest[1] : undefined;
  const [action = '', ...excess] = version === undefined ? rest : rest.slice(2);
  if (excess.length > 0 || !Object.hasOwn(MODEL_ACTIONS, action)) return undefined;
  const to = MODEL_ACTIONS[action as keyof typeof MODEL_ACTIONS];
  const name = decoded(model);
  return name === undefined ? undefined : { to, model: name, version };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
