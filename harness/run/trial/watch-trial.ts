import { generatorProbe } from '../../probes/generator.ts';
import { type GpuFacts, gpuProbe } from '../../probes/gpu-nvml.ts';
import { hostProbe } from '../../probes/host.ts';
import { type ProbeResult, startProbeLoop } from '../../probes/probe-loop.ts';
import { processTreeProbe } from '../../probes/process-tree.ts';
import { utilizationOver } from '../../probes/utilization.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import type { RunningTarget } from '../../targets/target.ts';
import type { LoadResult, PhaseInstants } from '../load-engine.ts';

/** Everything that is read beside one trial. */
export interface TrialWatch {
  /** Fixes the zero of every series: the start of the measure phase. */
  align(instants: PhaseInstants): void;
  stop(): WatchedTrial;
}

export interface WatchedTrial {
  readonly probes: ProbeResult;
  readonly gpus: readonly GpuFacts[];
}

type Processes = Pick<RunningTarget, 'pid' | 'pids'>;

/** Beside a target, whose processes are watched where they are ours. */
export function watchTrial({ pid, pids = () => (pid === undefined ? [] : [pid]) }: Processes): TrialWatch {
  const gpu = gpuProbe();
  const server = pids().length === 0 ? [] : [processTreeProbe(pids)];
  const loop = startProbeLoop([generatorProbe(), hostProbe(), gpu, ...server]);
  return {
    align: (instants) => loop.align(instants),
    stop: () => ({ probes: loop.stop(), gpus: gpu.devices }),
  };
}

/** Means over the measure phase. The generator's own account of its threads is better than that of the process. */
export function utilizationOf({ probes, gpus }: WatchedTrial, result: LoadResult): CaseRecord['utilization'] {
  const overall = utilizationOver(probes, gpus, { fromS: 0, toS: result.durationMs / 1000 });
  return result.generatorCpuCores === undefined
    ? overall
    : { ...overall, generatorCpuCores: result.generatorCpuCores };
}
