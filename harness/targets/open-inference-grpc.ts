import protobuf from 'protobufjs';
import { nearestName, TargetError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { isMissing, type Missing } from '../record/figures.ts';
import { withoutSecrets } from '../record/redaction.ts';
import type { ExternalTargetSpec } from '../scenario/target-spec.ts';
import { maxRowsPerRequest, ownSettings, type Settings, tritonSettings } from './effective-settings.ts';
import { askGrpc, type GrpcReply } from './grpc-question.ts';
import { parseModel } from './open-inference.ts';
import { addStatistics, parseStatistics } from './statistics.ts';
import type { ModelMetadata, RunningTarget, ServerStatistics, TargetEndpoint } from './target.ts';

export interface GrpcTargetOptions {
  /** For each question before and after the load. */
  readonly timeoutMs?: number;
  /** How long a server may say that it is not ready yet. */
  readonly readyWithinMs?: number;
}

type Document = Readonly<Record<string, unknown>>;
type Asked = GrpcReply & { readonly document: Document | undefined };

/** One question to the server; documents have the names of the .proto, which are those of the JSON over HTTP. */
type Ask = (method: string, message?: object) => Promise<Asked>;

/** A server of the Open Inference Protocol over gRPC that somebody else runs. Nothing of it is changed. */
export async function openInferenceGrpc(
  spec: ExternalTargetSpec,
  endpoint: TargetEndpoint,
  { timeoutMs = 5000, readyWithinMs = 5000 }: GrpcTargetOptions = {},
): Promise<RunningTarget> {
  const ask = await askerOf(endpoint, timeoutMs);
  await awaitReady(ask, readyWithinMs);
  const model = await readModel(ask, spec.model);
  const others = await Promise.all((spec.otherModels ?? []).map((name) => readModel(ask, name)));
  const config = (await ask('ModelConfig', { name: spec.model })).document?.config;
  const maxRows = maxRowsPerRequest(config);
  return {
    spec,
    endpoint,
    model: maxRows === undefined ? model : { ...model, maxRows },
    ...(others.length === 0 ? {} : { otherModels: others }),
    requested: withoutSecrets({
      url: spec.url,
      protocol: spec.protocol,
      ...(spec.stream === undefined ? {} : { stream: spec.stream }),
      model: spec.model,
      headers: spec.headers,
      ...(spec.machine === undefined ? {} : { machine: spec.machine }),
    }),
    effective: {
      protocol: spec.protocol,
      model: model.name,
      ...(model.version === undefined ? {} : { 'model.version': model.version }),
      ...(await serverSettings(ask)),
      ...(ownSettings(config) ?? tritonSettings(config)),
    },
    statistics: () =>
      readStatisticsOf(
        ask,
        [model, ...others].map(({ name }) => name),
      ),
    // Not ours to watch: a server that goes away shows in the outcomes of its requests.
    died: new Promise(() => {}),
    stop: async () => {},
  };
}

async function askerOf(endpoint: TargetEndpoint, timeoutMs: number): Promise<Ask> {
  const root = new protobuf.Root();
  await root.load(packageFile('proto', 'open_inference.proto'), { keepCase: true });
  const service = root.lookupService('inference.GRPCInferenceService');
  root.resolveAll();
  return async (method, message = {}) => {
    const { resolvedRequestType: asks, resolvedResponseType: answers } = service.methods[method] ?? {};
    if (!asks || !answers) throw new Error(`the .proto has no method ${method}`);
    const bytes = asks.encode(asks.fromObject(message)).finish();
    const reply = await askGrpc(endpoint, `/inference.GRPCInferenceService/${method}`, bytes, timeoutMs);
    return { ...reply, document: documentOf(answers, reply.message) };
  };
}

/** Numbers and lists that are not on the wire have their defaults; messages that are not there are left out. */
function documentOf(type: protobuf.Type, message: Buffer | undefined): Document | undefined {
  if (message === undefined) return undefined;
  try {
    const document = type.toObject(type.decode(message), { defaults: true, longs: Number, enums: String });
    return plain(document) as Document;
  } catch {
    return undefined;
  }
}

/** As JSON has it: without what is not there, and a parameter as the value of its kind. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const there = Object.entries(value).filter(([, field]) => field !== null);
  const [only, ...others] = there;
  if (only !== undefined && others.length === 0 && only[0].endsWith('_param')) return only[1];
  return Object.fromEntries(there.map(([name, field]) => [name, plain(field)]));
}

async function awaitReady(ask: Ask, waitMs: number): Promise<void> {
  const giveUpAtMs = performance.now() + waitMs;
  for (;;) {
    const answer = await ask('ServerReady');
    // A server without the method can still serve; its model is asked for next, and that decides.
    if (answer.document?.ready === true || answer.status === UNIMPLEMENTED) return;
    if (performance.now() > giveUpAtMs) {
      throw new TargetError(
        `The server is not ready (ServerReady: ${wordsOf(answer)}).`,
        'Wait until it has loaded its models, or look at its log.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const UNIMPLEMENTED = 12;

async function readModel(ask: Ask, name: string): Promise<ModelMetadata> {
  const answer = await ask('ModelMetadata', { name });
  if (answer.document === undefined) throw await unknownModel(ask, name, answer);
  const model = parseModel(answer.document, name);
  if (model.inputs.length > 0) return model;
  throw new TargetError(
    `The server says nothing about the inputs of model "${name}" (ModelMetadata).`,
    'Inferometer builds requests from names, datatypes and shapes; start the server with model metadata.',
  );
}

async function unknownModel(ask: Ask, name: string, answer: Asked): Promise<TargetError> {
  const index = (await ask('RepositoryIndex')).document?.models as readonly { name: string }[] | undefined;
  const models = [...new Set((index ?? []).map((model) => model.name))];
  const nearest = nearestName(name, models);
  const listed = models.length === 0 ? '' : ` It has: ${models.join(', ')}.`;
  const advice =
    nearest === undefined
      ? 'Give the name of a loaded model with --model (target.model).'
      : `Did you mean --model ${nearest}?`;
  return new TargetError(`The server refuses model "${name}" (${wordsOf(answer)}).${listed}`, advice);
}

async function serverSettings(ask: Ask): Promise<Settings> {
  const { name, version } = (await ask('ServerMetadata')).document ?? {};
  return {
    ...(typeof name === 'string' && name !== '' ? { 'server.name': name } : {}),
    ...(typeof version === 'string' && version !== '' ? { 'server.version': version } : {}),
  };
}

async function readStatisticsOf(ask: Ask, models: readonly string[]): Promise<ServerStatistics | Missing> {
  const all = await Promise.all(models.map((model) => readStatistics(ask, model)));
  const known = all.filter((one): one is ServerStatistics => !isMissing(one));
  return all.find(isMissing) ?? known.reduce(addStatistics);
}

/** A server that has gone away is a reason too. */
async function readStatistics(ask: Ask, model: string): Promise<ServerStatistics | Missing> {
  try {
    const answer = await ask('ModelStatistics', { name: model });
    if (answer.document !== undefined) return parseStatistics(answer.document, model);
    return { missing: `the server has no statistics (ModelStatistics: ${wordsOf(answer)})` };
  } catch (cause) {
    return { missing: `the server's statistics could not be read: ${(cause as Error).message}` };
  }
}

function wordsOf({ status, words }: GrpcReply): string {
  return words === '' ? `gRPC status ${status}` : `gRPC status ${status}: ${words}`;
}
