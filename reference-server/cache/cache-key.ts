import { createHash } from 'node:crypto';
import type { InferRequest } from '../infer.ts';

/** Parameters that say how a request waits or how its answer is written, and nothing of what is computed. */
const OF_DELIVERY: ReadonlySet<string> = new Set([
  'binary_data_output',
  'cache_age',
  'priority',
  'routing_key',
  'timeout',
  'triton_enable_empty_final_response',
]);

/**
 * SHA-256 of everything that an answer depends on, in base64: model, version, and of the request the name, datatype,
 * shape and bytes of each input, the outputs wanted and the parameters. The order of inputs, outputs and parameters
 * does not matter; neither do the request's id and the encoding of its answer, which are not part of what is computed.
 *
 * A JSON text with the length of every tensor comes first, then the tensors' bytes: no two requests give one sequence.
 * Triton's own key is 64 bits of the inputs' names and bytes alone, under which [2,3] and [3,2] are one.
 */
export function cacheKey(model: string, version: string, request: InferRequest): string {
  const inputs = [...request.inputs].sort(byName);
  const outputs = request.outputs === undefined ? null : [...new Set(request.outputs)].sort();
  const parameters = Object.entries(request.parameters ?? {})
    .filter(([name]) => !OF_DELIVERY.has(name))
    .map(([name, value]) => ({ name, type: typeof value, text: String(value) }))
    .sort(byName);
  const described = inputs.map(({ name, datatype, shape, data }) => [name, datatype, shape, data.byteLength]);
  const hash = createHash('sha256');
  hash.update(JSON.stringify([model, version, described, outputs, parameters]));
  for (const { data } of inputs) hash.update(data);
  return hash.digest('base64');
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
