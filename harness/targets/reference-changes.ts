import type { ChangeSpec } from '../scenario/event-spec.ts';
import { type HttpJson, wordsOf } from './http-json.ts';
import { modelPath } from './open-inference.ts';
import type { ChangeOutcome } from './target.ts';

/** Changes that a server of ours makes itself, when it is asked to over HTTP. */
export type ServerChange = Exclude<ChangeSpec, { do: 'redis.stop' | 'replica.kill' | 'replica.replace' }>;

export function isServerChange(change: ChangeSpec): change is ServerChange {
  return !['redis.stop', 'replica.kill', 'replica.replace'].includes(change.do);
}

/** Asks the bundled server for a change of one of its models. Rejects only where the server gives no answer at all. */
export function changeServer(http: HttpJson, model: string, change: ServerChange): Promise<ChangeOutcome> {
  switch (change.do) {
    case 'model.load':
      return loadModel(http, model, change.version);
    case 'model.unload':
      return unloadModel(http, model, change.version);
    case 'split.set': {
      const words = change.weights === undefined ? 'no version is split off' : 'the split is set';
      return setRouting(http, model, { split: change.weights ?? null }, words);
    }
    case 'shadow.set': {
      const { version, share = 1 } = change;
      const words = version === undefined ? 'no version gets copies' : `version ${version} gets copies`;
      return setRouting(http, model, { shadow: version === undefined ? null : { version, share } }, words);
    }
    case 'cache.flush':
      return ask(http, modelPath(model, '/cache/flush'), {}, 'the cache is empty');
  }
}

async function loadModel(http: HttpJson, model: string, version?: string): Promise<ChangeOutcome> {
  if (version === undefined) return ask(http, repositoryPath(model, 'load'), {}, `${model} is loaded`);
  const running = await runningVersions(http, model);
  return runVersions(http, model, [...new Set([...running, version])], `version ${version} is loaded`);
}

/** Resolves when the requests that used it have been answered. */
async function unloadModel(http: HttpJson, model: string, version?: string): Promise<ChangeOutcome> {
  const running = await runningVersions(http, model);
  const kept = version === undefined ? [] : running.filter((other) => other !== version);
  if (kept.length === 0) {
    return ask(http, repositoryPath(model, 'unload'), {}, `${model} is unloaded`);
  }
  return runVersions(http, model, kept, `version ${version} is unloaded`);
}

function runVersions(
  http: HttpJson,
  model: string,
  versions: readonly string[],
  words: string,
): Promise<ChangeOutcome> {
  const config = JSON.stringify({ version_policy: { specific: { versions: versions.map(Number) } } });
  return ask(http, repositoryPath(model, 'load'), { parameters: { config } }, words);
}

async function runningVersions(http: HttpJson, model: string): Promise<string[]> {
  const index = await http.ask('POST', '/v2/repository/index', { ready: true });
  const entries = Array.isArray(index.json) ? (index.json as { name?: unknown; version?: unknown }[]) : [];
  return entries.filter(({ name }) => name === model).map(({ version }) => String(version));
}

/** What is not named stays as it is. */
function setRouting(http: HttpJson, model: string, routing: object, words: string): Promise<ChangeOutcome> {
  return ask(http, modelPath(model, '/routing'), routing, words);
}

async function ask(http: HttpJson, path: string, body: object, words: string): Promise<ChangeOutcome> {
  const answer = await http.ask('POST', path, body);
  return answer.ok ? { done: words } : { failed: `POST ${path}: ${wordsOf(answer)}` };
}

function repositoryPath(model: string, action: 'load' | 'unload'): string {
  return `/v2/repository/models/${encodeURIComponent(model)}/${action}`;
}
