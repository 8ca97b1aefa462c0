import { parseExpression } from '../../scenario/expression.ts';
import { measuredMsOf } from '../../scenario/measured-length.ts';
import type { DecideSpec, Scenario, Setting, StopSpec } from '../../scenario/scenario.ts';
import type { StopRule } from '../../statistics/stopping.ts';
import { windowLengthMs } from '../../statistics/window-length.ts';
import type { RunningTarget } from '../../targets/target.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { rawLogPath } from '../raw-log/raw-log-file.ts';
import { resolvedLaw } from './offered-load.ts';
import type { PlannedCase, PlannedTrial } from './plan.ts';
import { searchMs } from './search-plan.ts';

/** The message that sends one generator off to drive one trial. Each trial has its own seed, the same for every setting. */
export function assignmentFor(
  { planned, trial }: PlannedTrial,
  scenario: Scenario,
  target: RunningTarget,
  where: { readonly runId: string; readonly runFolder: string; readonly cpus?: readonly number[] },
): LoadAssignment {
  const { load, setting } = planned;
  const { measure } = scenario;
  const goodWithinMs = latencyBoundMs(scenario.decide);
  return {
    generator: { index: 0, of: 1 },
    seed: measure.seed + trial,
    load: loadOf(planned),
    warmupMs: measure.warmupMs,
    durationMs: measure.stop?.maxDurationMs ?? planned.durationMs,
    drainMs: measure.drainMs,
    windowMs: windowLengthMs(planned.durationMs, load.resolvedRate),
    timeoutMs: load.timeoutMs,
    ...(load.generators === undefined ? {} : { generators: load.generators }),
    connections: load.connections,
    maxInFlight: load.maxInFlight,
    endpoint: target.endpoint,
    protocol: target.spec.protocol ?? 'oip-rest',
    ...(target.spec.stream === undefined ? {} : { stream: target.spec.stream }),
    ...(target.spec.kind === 'external' && target.spec.http !== undefined ? { http: target.spec.http } : {}),
    ...(target.spec.kind === 'external' && target.spec.grpc !== undefined ? { grpc: target.spec.grpc } : {}),
    keepAlive: setting.load.keepAlive ?? true,
    transport: setting.load.transport,
    model: target.model,
    ...(target.otherModels === undefined ? {} : { otherModels: target.otherModels }),
    workload: setting.workload,
    abort: scenario.limits.abort,
    ...(measure.stop === undefined ? {} : { stop: stopRule(measure.stop, planned.durationMs) }),
    runId: where.runId,
    ...(goodWithinMs === undefined ? {} : { goodWithinMs }),
    ...(where.cpus === undefined ? {} : { cpus: where.cpus }),
    ...(measure.rawLog && planned.probe !== true
      ? { rawLog: { path: rawLogPath(where.runFolder, planned.id, trial), caseId: planned.id, trial } }
      : {}),
  };
}

/** A probe of a search, which has a length of its own, never meets one: the two are not asked for together. */
function stopRule({ maxDurationMs: atMostMs, ...asked }: StopSpec, afterMs: number): StopRule {
  return { ...asked, afterMs, atMostMs };
}

/** What is offered: the law where there is one, else the rate that the plan came to. */
function loadOf({ load, setting }: PlannedCase): LoadAssignment['load'] {
  const { open } = setting.load;
  if (open?.kind === 'offline') return { shape: 'offline', samples: open.samples };
  if (load.resolvedRate === undefined || open === undefined) {
    return { shape: 'closed', inFlight: load.inFlight ?? 1, thinkTimeMs: load.thinkTimeMs ?? 0 };
  }
  if (open.kind === 'replay') {
    const { recording, timeScale, every } = open;
    const kept = every === undefined ? {} : { every };
    return { shape: 'replay', file: recording.path, timeScale, ...kept, warmupPerS: load.resolvedRate };
  }
  const { arrivals } = open;
  return open.kind === 'law'
    ? { shape: 'law', arrivals, law: resolvedLaw(open.law, load.law?.sharesOf?.ofRate) }
    : { shape: 'open', arrivals, requestsPerS: load.resolvedRate };
}

/** The deadline that makes a row good: the bound of the SLO's first latency percentile, if it has one. */
export function latencyBoundMs({ slo }: Pick<DecideSpec, 'slo'>): number | undefined {
  for (const text of slo) {
    const expression = parseExpression(text);
    if ('bound' in expression && /^p\d+$/.test(expression.metric)) return expression.bound;
  }
  return undefined;
}

/** Seconds that a trial takes, at most where it may end before: phases (of several settings the mean), and what starting the server and draining add. */
export function expectedTrialS({ measure, settings }: Scenario): number {
  const startsServer = settings[0]?.target.kind === 'reference';
  const lengthMs = ({ load }: Setting) =>
    load.open?.kind === 'find'
      ? searchMs(measure, load.open)
      : (measure.stop?.maxDurationMs ?? measuredMsOf(load, measure));
  const measuredMs = settings.reduce((sum, setting) => sum + lengthMs(setting), 0) / settings.length;
  return (measure.warmupMs + measuredMs) / 1000 + (startsServer ? 1.5 : 0.3);
}
