import type { InferRequest } from '../infer.ts';
import type { Clock } from '../telemetry/timings.ts';
import type { Instance } from './instance.ts';
import type { InstanceOptions } from './instance-messages.ts';
import { choosePlacement, type Placed, type PlacementChoice, WORTH_A_LOOK_NS } from './placement.ts';
import { ELEMENT, elements, type FixedDatatype } from './tensors.ts';

export interface PlacedModel extends Placed {
  /** Starts one more instance there. */
  start(): Promise<Instance>;
}

export interface PlaceDeps {
  readonly clock: Clock;
  /** In a thread, or inline where the options say so. */
  startInstance(options: InstanceOptions): Promise<Instance>;
}

const ROUNDS = 20;

/**
 * Where the model runs. `auto` starts one instance in a thread, measures, and keeps it unless inline is cheaper.
 * Rejects with why that instance did not start.
 */
export async function placeModel(
  options: InstanceOptions,
  choice: PlacementChoice,
  instances: number,
  deps: PlaceDeps,
): Promise<PlacedModel> {
  const startIn = (placement: Placed['placement']) => () => deps.startInstance({ ...options, placement });
  if (choice !== 'auto') {
    return { placement: choice, reason: `${choice} was asked for`, start: startIn(choice) };
  }
  if (instances > 1) {
    return { placement: 'worker', reason: 'auto: there are several instances', start: startIn('worker') };
  }
  const trial = await startIn('worker')();
  const placed = choosePlacement(trial.largestBatchNs, await handoverOf(trial, deps.clock));
  if (placed.placement === 'inline') {
    await trial.close();
    return { ...placed, start: startIn('inline') };
  }
  let unused: Instance | undefined = trial;
  return {
    ...placed,
    async start() {
      const instance = unused ?? (await startIn('worker')());
      unused = undefined;
      return instance;
    },
  };
}

/**
 * Nanoseconds for which a run of one row keeps this thread from its other work: the least of several, since others only
 * add to it. Not how long the way takes: most of that the thread spends asleep, and under load it would not.
 */
async function handoverOf(instance: Instance, clock: Clock): Promise<number | undefined> {
  const { largestBatchNs, inputs } = instance;
  if (largestBatchNs === undefined || largestBatchNs > WORTH_A_LOOK_NS) return undefined;
  const rows = inputs[0]?.shape[0] === -1 ? 1 : (inputs[0]?.shape[0] ?? 1);
  const request: InferRequest = {
    rows,
    inputs: inputs.map(({ name, datatype, shape: [, ...rowShape] }) => {
      const shape = [rows, ...rowShape];
      return { name, datatype, shape, data: new Uint8Array(elements(shape) * bytesOf(datatype)) };
    }),
  };
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const busyBeforeMs = clock.busyMs();
    await instance.run([request], rows);
    costs.push((clock.busyMs() - busyBeforeMs) * 1e6);
  }
  return Math.min(...costs);
}

function bytesOf(datatype: InferRequest['inputs'][number]['datatype']): number {
  return ELEMENT[datatype as FixedDatatype].bytes;
}
