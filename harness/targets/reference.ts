import { TargetError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { notice } from '../record/notices.ts';
import type { NoticeRecord } from '../record/run-record.ts';
import { servedName } from '../scenario/served-name.ts';
import type { BatchingSpec, ReferenceTargetSpec } from '../scenario/target-spec.ts';
import {
  known,
  maxRowsPerRequest,
  ownSettings,
  type Settings,
  settingDifferences,
} from './effective-settings.ts';
import { type HttpJson, httpJson, wordsOf } from './http-json.ts';
import { awaitReady, modelPath, readModel } from './open-inference.ts';
import { cacheConfig, requestedCache } from './reference-cache.ts';
import { changeServer, isServerChange } from './reference-changes.ts';
import { canPin, type ServerProcess, startServerProcess } from './server-process.ts';
import { readStatisticsOf } from './statistics.ts';
import type { ModelMetadata, RunningTarget, Target } from './target.ts';

export interface ReferenceTargetOptions {
  /** Cores to bind the server to; undefined: wherever the system puts it. */
  readonly cpus?: readonly number[];
  readonly logFile?: string;
  /** Called while starting, for what is worth knowing but no error. */
  readonly onNotice?: (notice: NoticeRecord) => void;
  /** The server's own entry point; another one only in tests. */
  readonly entry?: string;
  /** A first start builds the bundled model. */
  readonly startWithinMs?: number;
  readonly drainWithinMs?: number;
}

/** A model may have to be built, or a long queue to be worked off. */
const CHANGE_WITHIN_MS = 60_000;

/** The bundled server, as a process of its own. */
export function referenceTarget(spec: ReferenceTargetSpec, options: ReferenceTargetOptions = {}): Target {
  return {
    async start() {
      const cpus = await coresToBind(options);
      const server = await startServerProcess({
        args: serverArguments(spec, options.entry),
        ...(cpus === undefined ? {} : { cpus }),
        ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
        startWithinMs: options.startWithinMs ?? 120_000,
        drainWithinMs: options.drainWithinMs ?? 10_000,
      });
      try {
        return await describe(spec, server, cpus);
      } catch (cause) {
        await server.stop();
        throw cause;
      }
    },
  };
}

async function coresToBind({
  cpus,
  onNotice,
}: ReferenceTargetOptions): Promise<readonly number[] | undefined> {
  if (cpus === undefined || cpus.length === 0) return undefined;
  if (await canPin()) return cpus;
  const reason =
    process.platform === 'linux' ? 'taskset is not installed' : 'only Linux binds processes to cores';
  onNotice?.(notice('unpinned', { reason }));
  return undefined;
}

function serverArguments(spec: ReferenceTargetSpec, entry?: string): string[] {
  const config = {
    host: '127.0.0.1',
    port: 0,
    ...(spec.protocol === 'oip-grpc' ? { grpcPort: 0 } : {}),
    models: [
      {
        ...served(spec.model),
        ...versionsOf(spec),
        ...(spec.pipeline === undefined ? {} : { pipeline: spec.pipeline }),
      },
      ...(spec.otherModels ?? []).map(served),
    ],
    // So that events may load and unload; what is listed is loaded at the start all the same.
    repository: { mode: 'explicit' },
    instances: spec.instances,
    threads: spec.threads,
    provider: spec.provider,
    ...(spec.placement === undefined ? {} : { placement: spec.placement }),
    ...cacheConfig(spec.cache),
    ...schedulingOf(spec.batching),
  };
  return [
    entry ?? packageFile('dist', 'reference-server', 'main.js'),
    '--config-json',
    JSON.stringify(config),
    '--exit-with-parent',
  ];
}

function served(source: string) {
  return { name: servedName(source), source };
}

/** Version 1 serves alone, and goes on serving what names no version when others run beside it. */
function versionsOf({ versions }: ReferenceTargetSpec) {
  if (versions === undefined) return {};
  return { otherVersions: versions, versions: { specific: [1] }, defaultVersion: '1' };
}

/** The server has what concerns waiting under `queue`. */
function schedulingOf({ queueTimeoutMs, queueTimeoutAction, ...batching }: BatchingSpec) {
  const queue = {
    ...(queueTimeoutMs === undefined ? {} : { timeoutMs: queueTimeoutMs }),
    ...(queueTimeoutAction === undefined ? {} : { timeoutAction: queueTimeoutAction }),
  };
  return { batching, ...(Object.keys(queue).length === 0 ? {} : { queue }) };
}

async function describe(
  spec: ReferenceTargetSpec,
  server: ServerProcess,
  cpus: readonly number[] | undefined,
): Promise<RunningTarget> {
  const url = String(server.announcement.listening);
  const http = httpJson(url);
  const name = servedName(spec.model);
  await awaitReady(http);
  const model = withoutVersion(spec, await readModel(http, name));
  const others = await Promise.all(
    (spec.otherModels ?? []).map((other) => readModel(http, servedName(other))),
  );
  const requested = requestedSettings(spec);
  const { effective, maxRows } = await effectiveSettings(http, name);
  refuseDifferences(requested, effective);
  return {
    spec,
    endpoint: { url: spec.protocol === 'oip-grpc' ? String(server.announcement.grpc) : url, headers: {} },
    model: maxRows === undefined ? model : { ...model, maxRows },
    ...(others.length === 0 ? {} : { otherModels: others }),
    pid: server.pid,
    ...(cpus === undefined ? {} : { cpus }),
    requested: { model: spec.model, ...spokenOver(spec), ...requested },
    effective: {
      model: model.name,
      ...spokenOver(spec),
      ...effective,
      ...(cpus === undefined ? {} : { cpus: cpus.join(',') }),
    },
    statistics: () => readStatisticsOf(http, [name, ...others.map((other) => other.name)]),
    died: server.died,
    apply: async (change) =>
      isServerChange(change)
        ? changeServer(httpJson(url, { timeoutMs: CHANGE_WITHIN_MS }), name, change)
        : { failed: `${change.do} is not possible on one server by itself` },
    stop: () => server.stop(),
  };
}

/** Where events may bring another version, requests leave the choice to the server. */
function withoutVersion({ versions }: ReferenceTargetSpec, model: ModelMetadata): ModelMetadata {
  const { version: _, ...unversioned } = model;
  return versions === undefined ? model : unversioned;
}

/** Where it is not HTTP; the questions before and after the load are asked over HTTP all the same. */
function spokenOver({ protocol, stream }: ReferenceTargetSpec): Settings {
  if (protocol === undefined) return {};
  return stream === undefined ? { protocol } : { protocol, stream };
}

function requestedSettings({
  versions,
  instances,
  threads,
  provider,
  placement,
  batching,
  cache,
  pipeline,
}: ReferenceTargetSpec): Settings {
  return {
    instances,
    threads,
    provider,
    'batching.maxRows': batching.maxRows,
    'batching.maxDelayMs': batching.maxDelayMs,
    'batching.maxQueueRows': batching.maxQueueRows,
    'batching.inFlight': batching.inFlight,
    ...known({
      versions: versions === undefined ? undefined : ['1', ...Object.keys(versions)],
      placement,
      'batching.preferredRows': batching.preferredRows,
      'batching.allowedRows': batching.allowedRows,
      'batching.queueTimeoutMs': batching.queueTimeoutMs,
      'batching.queueTimeoutAction': batching.queueTimeoutAction,
      'pipeline.before': stepsIn(pipeline?.before),
      'pipeline.after': stepsIn(pipeline?.after),
    }),
    ...requestedCache(cache),
  };
}

/** The names of steps, in their order. */
function stepsIn(declared: unknown): readonly unknown[] {
  return Array.isArray(declared) ? declared.map((step: { readonly step?: unknown }) => step.step) : [];
}

async function effectiveSettings(
  http: HttpJson,
  name: string,
): Promise<{ effective: Settings; maxRows: number | undefined }> {
  const path = modelPath(name, '/config');
  const answer = await http.ask('GET', path);
  const effective = answer.ok ? ownSettings(answer.json) : undefined;
  if (effective !== undefined) return { effective, maxRows: maxRowsPerRequest(answer.json) };
  throw new TargetError(
    `The reference server does not say which settings it runs (GET ${path}: ${wordsOf(answer)}).`,
  );
}

/** Throws TargetError where the server runs something else than it was asked to. */
export function refuseDifferences(requested: Settings, effective: Settings): void {
  const differences = settingDifferences(requested, effective);
  if (differences.length === 0) return;
  throw new TargetError(
    `The server does not run what was asked for: ${differences.join('; ')}.`,
    'Ask for what it can run, so that the figures belong to the setting beside them.',
  );
}
