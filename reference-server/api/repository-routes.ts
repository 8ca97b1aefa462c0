import type { IncomingMessage } from 'node:http';
import { invalid, ServingError } from '../errors.ts';
import type { ConfigOverride } from '../models/model-plan.ts';
import { routingChange } from '../routing/routing-settings.ts';
import { jsonReply, type Reply } from './reply.ts';
import { readBody } from './request-body.ts';
import type { RestService } from './rest-service.ts';

/** The model repository extension over REST. All of them take an empty body as well. */
export async function indexReply(request: IncomingMessage, service: RestService): Promise<Reply> {
  const { ready, ...others } = await jsonBody(request, service);
  refuseOthers(others, 'ready');
  if (ready !== undefined && typeof ready !== 'boolean') throw invalid('"ready" must be true or false');
  return jsonReply(await service.models.index(ready === true));
}

export async function loadReply(
  request: IncomingMessage,
  model: string,
  service: RestService,
): Promise<Reply> {
  const { parameters, ...others } = await jsonBody(request, service);
  refuseOthers(others, 'parameters');
  await service.models.load(model, overrideFrom(parametersFrom(parameters)));
  return EMPTY;
}

export async function unloadReply(
  request: IncomingMessage,
  model: string,
  service: RestService,
): Promise<Reply> {
  const { parameters, ...others } = await jsonBody(request, service);
  refuseOthers(others, 'parameters');
  await service.models.unload(model, unloadsParts(parametersFrom(parameters)));
  return EMPTY;
}

/** Whether an ensemble takes its models along, from the parameters of an unload request. Throws an `invalid` error. */
export function unloadsParts(parameters: Readonly<Record<string, unknown>>): boolean {
  const { unload_dependents: dependents, ...unknown } = parameters;
  refuseOthers(unknown, 'unload_dependents');
  if (dependents !== undefined && typeof dependents !== 'boolean') {
    throw invalid('"unload_dependents" must be true or false');
  }
  return dependents === true;
}

/** Changes which version requests that name none get, and answers what is so from now on. */
export async function routingReply(
  request: IncomingMessage,
  model: string,
  service: RestService,
): Promise<Reply> {
  const asked = routingChange.safeParse(await jsonBody(request, service));
  if (asked.success) return jsonReply(await service.models.setRouting(model, asked.data));
  const problems = asked.error.issues.map(
    ({ path, message }) => `${['routing', ...path].join('.')}: ${message}`,
  );
  throw invalid(problems.join('; '));
}

/** Forgets every answer that the model's cache has kept; answers when that is done. */
export async function flushCacheReply(
  request: IncomingMessage,
  model: string,
  service: RestService,
): Promise<Reply> {
  const [unknown] = Object.keys(await jsonBody(request, service));
  if (unknown !== undefined)
    throw invalid(`unknown field "${unknown.slice(0, 60)}", there is nothing to say`);
  await service.models.flushCache(model);
  return EMPTY;
}

/** What the parameters of a load request, from whichever door, say. Throws an `invalid` or `unsupported` error. */
export function overrideFrom(parameters: Readonly<Record<string, unknown>>): ConfigOverride | undefined {
  const { config, ...others } = parameters;
  if (Object.keys(others).some((name) => name.startsWith('file:'))) {
    throw new ServingError('unsupported', 'model files in a load request are not supported: put them there');
  }
  refuseOthers(others, 'config');
  if (config === undefined) return undefined;
  if (typeof config !== 'string') throw invalid('"config" must be a string that holds JSON');
  return { json: config };
}

const EMPTY: Reply = { status: 200, contentType: 'application/json', body: Buffer.alloc(0) };

type JsonObject = Readonly<Record<string, unknown>>;

async function jsonBody(request: IncomingMessage, service: RestService): Promise<JsonObject> {
  const body = await readBody(request, service.bodyLimitBytes);
  if (body.byteLength === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw invalid(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return asObject(value, 'the body');
}

function parametersFrom(value: unknown): JsonObject {
  return value === undefined ? {} : asObject(value, '"parameters"');
}

function asObject(value: unknown, label: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid(`${label} must be a JSON object`);
}

function refuseOthers(others: JsonObject, known: string): void {
  const [other] = Object.keys(others);
  if (other === undefined) return;
  throw invalid(`unknown field "${other.slice(0, 60)}", only "${known}" is known here`);
}
