import { asServingError, invalid, ServingError, StartupError } from '../errors.ts';
import type { InferContext, InferRequest, InferResponse, InferTimings, Tensor } from '../infer.ts';
import type { DeclaredEnsemble, DeclaredModel } from '../pipeline/declared-graph.ts';
import { inOrder, type PartSignature, wireEnsemble } from '../pipeline/ensemble.ts';
import { GraphRunner } from '../pipeline/run-graph.ts';
import { misfitOf } from '../pipeline/wiring.ts';
import { observeSteps } from '../telemetry/observe-steps.ts';
import type { ModelStatistics } from '../telemetry/statistics.ts';
import { type Clock, newTimings, nsBetween } from '../telemetry/timings.ts';
import type { ModelLease } from './loaded-version.ts';
import type { VersionPlan } from './model-plan.ts';
import type { ServedModel } from './served-model.ts';

/** The models that ensembles are made of. */
export interface EnsembleModels {
  /** Resolves with a model that `by` needs, loaded first where it is not; rejects with why it cannot be used. */
  require(name: string, version: string | undefined, by: string): Promise<ServedModel>;
  /** Throws as `ModelRepository.lease` does. */
  lease(name: string, version?: string): ModelLease;
  find(name: string, version?: string): ServedModel;
}

export interface EnsembleDeps {
  readonly clock: Clock;
  readonly models: EnsembleModels;
}

/**
 * Starts one version of an ensemble: its models first. Rejects with what does not fit. Each request of it is a request
 * of every model that its outputs need, with a lease and in the statistics of that model.
 */
export async function serveEnsemble(
  plan: VersionPlan & { readonly ensemble: DeclaredEnsemble },
  statistics: ModelStatistics,
  { clock, models }: EnsembleDeps,
): Promise<ServedModel> {
  const { name, version, ensemble } = plan;
  const parts = ensemble.nodes.filter((node) => 'model' in node);
  const served = new Map<DeclaredModel, ServedModel>();
  for (const part of parts) served.set(part, await models.require(part.model, part.version, name));
  const { graph, problems } = wireEnsemble(ensemble, plan.files ?? {}, (part) => ({
    signature: signatureOf(served, part),
    call: (tensors, request, context) =>
      call({ part, wired: signatureOf(served, part) }, tensors, request, context, { clock, models }),
  }));
  if (problems.length > 0) {
    const found = `the ensemble '${name}' does not fit: ${problems.join('; ')}`;
    throw new StartupError(found, 'Each node takes inputs of the ensemble, or what another node gives.', 3);
  }
  const runner = new GraphRunner(graph, observeSteps(statistics, clock));
  const signature = {
    name,
    inputs: graph.inputs,
    outputs: graph.outputs.map(({ name: output, datatype, shape }) => ({ name: output, datatype, shape })),
    maxRows: maxRowsOf(plan, [...served.values()]),
  };
  const infer = async (request: InferRequest, context: InferContext) => {
    if (request.rows <= signature.maxRows) return runner.run(request, context);
    throw invalid(
      `the request has ${request.rows} rows, the ensemble '${name}' takes at most ${signature.maxRows}`,
    );
  };
  return {
    version,
    classLabels: plan.classLabels,
    signature,
    examples: {},
    limits: {},
    infer,
    statistics,
    ensemble: { ...ensemble, nodes: inOrder(ensemble) },
    effective: () => undefined,
    pending: () => ({ requests: 0, rows: 0 }),
    // Its models have theirs, and one that is loaded again answers for itself.
    cache: () => undefined,
    flushCache: async () => {},
    instances: () => ({ running: 0, circuitsOpen: 0 }),
    outdated: () => parts.some((part) => isOther(part, signatureOf(served, part), models)),
    ready: () => parts.every((part) => isReady(part, models)),
    close: async () => {},
  };
}

/** What is declared, else what all of its models take, else what the server has for models. */
function maxRowsOf({ ensemble, settings }: VersionPlan, parts: readonly ServedModel[]): number {
  if (ensemble?.maxRows !== undefined) return ensemble.maxRows;
  if (parts.length === 0) return settings.batching.maxRows;
  return Math.min(...parts.map(({ signature }) => signature.maxRows));
}

function signatureOf(served: ReadonlyMap<DeclaredModel, ServedModel>, part: DeclaredModel): PartSignature {
  const model = served.get(part);
  if (model === undefined) throw new Error(`model '${part.model}' was not asked for`);
  return model.signature;
}

function isReady({ model, version }: DeclaredModel, models: EnsembleModels): boolean {
  try {
    return models.find(model, version).ready();
  } catch {
    return false;
  }
}

function isOther({ model, version }: DeclaredModel, wired: PartSignature, models: EnsembleModels): boolean {
  try {
    return !hasTensorsOf(models.find(model, version).signature, wired);
  } catch {
    return false;
  }
}

function hasTensorsOf(now: PartSignature, wired: PartSignature): boolean {
  const tensors = ({ inputs, outputs }: PartSignature) => JSON.stringify([inputs, outputs]);
  return now === wired || tensors(now) === tensors(wired);
}

/** A model of the ensemble, and what it took and gave when the ensemble was wired. */
interface WiredPart {
  readonly part: DeclaredModel;
  readonly wired: PartSignature;
}

/** One request of one model, on behalf of the ensemble's. */
async function call(
  { part: { model: name, version }, wired }: WiredPart,
  inputs: readonly Tensor[],
  { rows, parameters }: InferRequest,
  context: InferContext,
  { clock, models }: EnsembleDeps,
): Promise<InferResponse> {
  const lease = models.lease(name, version);
  const { model } = lease;
  const startedAtMs = clock.nowMs();
  model.statistics.arrived();
  try {
    refuseMisfits(model, wired, inputs);
    const timings = newTimings();
    const asked = parameters === undefined ? {} : { parameters };
    const response = await model.infer({ inputs, rows, ...asked }, { ...context, timings });
    model.statistics.succeeded(timings, 0, nsBetween(startedAtMs, clock.nowMs()));
    addTimings(context.timings, timings);
    return response;
  } catch (thrown) {
    const error = asServingError(thrown);
    model.statistics.failed(error, nsBetween(startedAtMs, clock.nowMs()));
    throw error;
  } finally {
    lease.release();
  }
}

/** The model may have been loaded again with other tensors; and a variable dimension shows only in a request. */
function refuseMisfits({ signature }: ServedModel, wired: PartSignature, inputs: readonly Tensor[]): void {
  const { name } = signature;
  if (!hasTensorsOf(signature, wired)) {
    const found = `model '${name}' takes or gives other tensors than when this ensemble was loaded`;
    throw new ServingError('unavailable', `${found}: load the ensemble again`);
  }
  for (const spec of signature.inputs) {
    const tensor = inputs.find((input) => input.name === spec.name);
    const misfit = tensor && misfitOf(tensor, spec);
    if (misfit !== undefined) throw invalid(`input '${spec.name}' of model '${name}' ${misfit}`);
  }
}

/** An ensemble's times are the sums of those of its models, also where they ran side by side; its age is of its oldest part. */
function addTimings(whole: InferTimings, part: InferTimings): void {
  whole.queueNs += part.queueNs;
  whole.handoverNs += part.handoverNs;
  whole.computeNs += part.computeNs;
  whole.batchRows = Math.max(whole.batchRows, part.batchRows);
  if (part.ageMs !== undefined) whole.ageMs = Math.max(part.ageMs, whole.ageMs ?? 0);
}
