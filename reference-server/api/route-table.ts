import { ServingError } from '../errors.ts';

/** What a request asks for, read from its method and path alone. */
export type Route =
  | { readonly to: 'live' | 'ready' | 'server-metadata' | 'all-statistics' | 'metrics' }
  | { readonly to: 'repository-index' }
  | { readonly to: 'load' | 'unload' | 'routing' | 'flush-cache'; readonly model: string }
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
  '/v2/repository/index': { to: 'repository-index' },
  '/metrics': { to: 'metrics' },
};

const MODEL_ACTIONS = {
  '': 'model-metadata',
  ready: 'model-ready',
  config: 'model-config',
  stats: 'model-statistics',
  infer: 'infer',
} as const;

/** Of a model as a whole, not of one of its versions. */
const WHOLE_ACTIONS = { routing: 'routing', 'cache/flush': 'flush-cache' } as const;

const POSTED: readonly Route['to'][] = [
  'infer',
  'repository-index',
  'load',
  'unload',
  'routing',
  'flush-cache',
];

/** Throws a `not-found`, `unsupported` or `wrong-method` ServingError. */
export function routeOf(method: string, url: string): Route {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  const route = PLAIN[path] ?? modelRoute(path) ?? repositoryRoute(path);
  if (route === undefined) throw new ServingError('not-found', `no such path: ${path.slice(0, 200)}`);
  const allowed = POSTED.includes(route.to) ? 'POST' : 'GET';
  if (method === allowed) return route;
  const message = `${path.slice(0, 200)} takes ${allowed}, found ${method}`;
  throw new ServingError('wrong-method', message, { headers: ['Allow', allowed] });
}

/** /v2/models/{model}[/versions/{version}][/{action}]; a label may stand for the version. */
function modelRoute(path: string): Route | undefined {
  const [root, v2, models, model, ...rest] = path.split('/');
  if (root !== '' || v2 !== 'v2' || models !== 'models' || !model) return undefined;
  const versioned = rest[0] === 'versions';
  if (versioned && !rest[1]) return undefined;
  const action = (versioned ? rest.slice(2) : rest).join('/');
  const name = decoded(model);
  if (!versioned && name !== undefined && Object.hasOwn(WHOLE_ACTIONS, action)) {
    return { to: WHOLE_ACTIONS[action as keyof typeof WHOLE_ACTIONS], model: name };
  }
  if (!Object.hasOwn(MODEL_ACTIONS, action)) return undefined;
  const to = MODEL_ACTIONS[action as keyof typeof MODEL_ACTIONS];
  const version = versioned ? decoded(rest[1] ?? '') : undefined;
  if (name === undefined || (versioned && version === undefined)) return undefined;
  return { to, model: name, version };
}

/** /v2/repository[/{repository}]/models/{model}/{load|unload} */
function repositoryRoute(path: string): Route | undefined {
  const [root, v2, repository, ...rest] = path.split('/');
  if (root !== '' || v2 !== 'v2' || repository !== 'repository') return undefined;
  if (rest.length === 4 && rest[1] === 'models') {
    throw new ServingError('unsupported', 'this server has one repository: leave its name out of the path');
  }
  const [models, model, action] = rest;
  if (rest.length !== 3 || models !== 'models' || !model) return undefined;
  if (action !== 'load' && action !== 'unload') return undefined;
  const name = decoded(model);
  return name === undefined ? undefined : { to: action, model: name };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
