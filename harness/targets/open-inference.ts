import { nearestName, TargetError } from '../errors.ts';
import { type Answer, type HttpJson, wordsOf } from './http-json.ts';
import type { ModelMetadata, TensorMetadata } from './target.ts';

/**
 * The questions of the Open Inference Protocol that a target asks before a load, tolerant of what servers do
 * differently: bodies of health answers are never read, optional keys may lack, 404 on an extension is an answer.
 */

/** Waits until the server says by status code that it is ready; not ready for so long is a TargetError. */
export async function awaitReady(http: HttpJson, waitMs = 5_000): Promise<void> {
  const giveUpAtMs = performance.now() + waitMs;
  for (;;) {
    const answer = await http.ask('GET', '/v2/health/ready');
    // A server without the route can still serve; its model is asked for next, and that decides.
    if (answer.ok || answer.status === 404 || answer.status === 405) return;
    if (performance.now() > giveUpAtMs) {
      throw new TargetError(
        `The server is not ready (GET /v2/health/ready: ${wordsOf(answer)}).`,
        'Wait until it has loaded its models, or look at its log.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Names, datatypes and shapes of a model's inputs and outputs; TargetError when the server cannot say. */
export async function readModel(http: HttpJson, name: string): Promise<ModelMetadata> {
  const answer = await http.ask('GET', modelPath(name));
  if (!answer.ok) throw await unknownModel(http, name, answer);
  const model = parseModel(answer.json, name);
  if (model.inputs.length > 0) return model;
  throw new TargetError(
    `The server says nothing about the inputs of model "${name}" (GET ${modelPath(name)}).`,
    'Inferometer builds requests from names, datatypes and shapes; start the server with model metadata.',
  );
}

export function modelPath(name: string, extension = ''): string {
  return `/v2/models/${encodeURIComponent(name)}${extension}`;
}

export function parseModel(json: unknown, name: string): ModelMetadata {
  const { versions, inputs, outputs } = (json ?? {}) as Record<string, unknown>;
  const version = Array.isArray(versions) ? versions.at(-1) : undefined;
  return {
    name,
    ...(version === undefined ? {} : { version: String(version) }),
    inputs: tensors(inputs),
    outputs: tensors(outputs),
  };
}

function tensors(list: unknown): TensorMetadata[] {
  if (!Array.isArray(list)) return [];
  return (list as WrittenTensor[])
    .filter((tensor) => typeof tensor?.name === 'string' && Array.isArray(tensor.shape))
    .map(({ name, datatype, shape, parameters }) => ({
      name: String(name),
      datatype: String(datatype ?? '').replace(/^TYPE_/, ''),
      shape: (shape ?? []).map(Number),
      ...examples(parameters),
    }));
}

type WrittenTensor = Partial<TensorMetadata> & { readonly parameters?: unknown };

/** Parameters of an input by which a server may say what an ordinary request holds; ours does. */
function examples(parameters: unknown): Pick<TensorMetadata, 'exampleValues' | 'exampleShape'> {
  const { example_values, example_shape } = (parameters ?? {}) as Record<string, unknown>;
  const sizes = typeof example_shape === 'string' ? example_shape.split(',').map(Number) : [];
  const usable = sizes.length > 0 && sizes.every((size) => Number.isSafeInteger(size) && size >= 1);
  return {
    ...(typeof example_values === 'string' ? { exampleValues: example_values } : {}),
    ...(usable ? { exampleShape: sizes } : {}),
  };
}

async function unknownModel(http: HttpJson, name: string, answer: Answer): Promise<TargetError> {
  const models = await listModels(http);
  const nearest = nearestName(name, models);
  const listed = models.length === 0 ? '' : ` It has: ${models.join(', ')}.`;
  const advice =
    nearest === undefined
      ? 'Give the name of a loaded model with --model (target.model).'
      : `Did you mean --model ${nearest}?`;
  return new TargetError(`The server refuses model "${name}" (${wordsOf(answer)}).${listed}`, advice);
}

/** KServe lists its models at one address, Triton and MLServer at another; most servers at neither. */
async function listModels(http: HttpJson): Promise<string[]> {
  const listed = await http.ask('GET', '/v2/models').catch(() => undefined);
  const { models } = (listed?.ok ? (listed.json ?? {}) : {}) as { models?: unknown };
  if (Array.isArray(models)) return models.map(nameOf);
  const index = await http.ask('POST', '/v2/repository/index', {}).catch(() => undefined);
  return index?.ok && Array.isArray(index.json) ? [...new Set(index.json.map(nameOf))] : [];
}

function nameOf(item: unknown): string {
  return typeof item === 'string' ? item : String((item as { name?: unknown } | null)?.name ?? '');
}
