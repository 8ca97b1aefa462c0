import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile } from '../../harness/package-files.ts';
import { residentBytes } from './cpu-time.ts';
import { oursCommand } from './node-contenders.ts';
import type { OursSays } from './ours.ts';
import { type Doors, KEPT, SOAK_LOADS } from './server-soak-loads.ts';
import type { ServerSoak } from './server-soak-verdict.ts';
import { tinyModelFile } from './tiny-model.ts';

/** Loads begin anew so often, with new connections; each time a model is unloaded and loaded again beside them. */
const LAP_S = 20;
const SAMPLE_MS = 1000;
/** Served from the folder, loaded and unloaded again and again. */
const COMING = 'coming';

/** One server with every door open, under loads of every kind for so long. */
export async function serverSoak(minutes: number, tell: (line: string) => void): Promise<ServerSoak> {
  const folder = modelFolder();
  const { child, doors } = await startServer(folder);
  const beganMs = performance.now();
  const tookS = () => (performance.now() - beganMs) / 1000;
  const samples: ServerSoak['samples'][number][] = [];
  const sampling = setInterval(() => {
    const bytes = residentBytes(child.pid ?? 0);
    if (bytes !== undefined) samples.push({ atS: tookS(), bytes, descriptors: descriptorsOf(child) });
  }, SAMPLE_MS);
  const sum = { sent: 0, notOk: 0, askew: 0, reloads: 0 };
  const askewStatuses: Record<string, number> = {};
  while (tookS() < minutes * 60) {
    const loads = SOAK_LOADS.map((load) => runLoad(oursCommand(load(doors, LAP_S))));
    sum.reloads += await reload(doors.rest);
    for (const status of await sendAskew(doors.rest)) {
      askewStatuses[status] = (askewStatuses[status] ?? 0) + 1;
      sum.askew += 1;
    }
    for (const { ok, failed } of await Promise.all(loads)) {
      sum.sent += ok + failed;
      sum.notOk += failed;
    }
    const mib = ((samples.at(-1)?.bytes ?? 0) / 2 ** 20).toFixed(0);
    tell(`${tookS().toFixed(0)} s: ${sum.sent} requests, ${sum.reloads} reloads, ${mib} MiB`);
  }
  clearInterval(sampling);
  const arrivals = await arrivalsAt(doors.rest);
  const soakedS = tookS();
  const exitCode = await stopped(child);
  rmSync(folder, { recursive: true });
  return { tookS: soakedS, samples, ...sum, arrivals, askewStatuses, exitCode };
}

function modelFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-soak-'));
  for (const name of [COMING, 'tiny']) {
    mkdirSync(join(folder, name, '1'), { recursive: true });
    copyFileSync(tinyModelFile(), join(folder, name, '1', 'model.onnx'));
  }
  return folder;
}

async function startServer(folder: string): Promise<{ child: ChildProcess; doors: Doors }> {
  const listed = ['recommender', 'text-sentiment', 'demand-forecast'].map((name) => ({ name, source: name }));
  // Small enough that answers have to leave it.
  const kept = { name: KEPT, source: 'demand-forecast', cache: { kind: 'local', maxBytes: 2 ** 20 } };
  const config = {
    port: 0,
    grpcPort: 0,
    models: [...listed, kept],
    repository: { path: folder, mode: 'explicit', load: ['*'] },
  };
  const command = [
    packageFile('dist', 'reference-server', 'main.js'),
    '--config-json',
    JSON.stringify(config),
  ];
  const child = spawn(process.execPath, [...command, '--exit-with-parent'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the server ended with ${code}`)),
  );
  ended.catch(() => {});
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  const { listening, grpc } = JSON.parse(line.toString()) as { listening: string; grpc: string };
  return { child, doors: { rest: listening, grpc: `grpc://${grpc.replace(/^\w+:\/\//, '')}` } };
}

async function runLoad([program = '', ...args]: readonly string[]): Promise<OursSays> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  await once(child, 'close');
  return JSON.parse(output) as OursSays;
}

/** Once a lap the model goes and comes back; what asks for it meanwhile is refused, which is as it should be. */
async function reload(url: string): Promise<number> {
  for (const action of ['unload', 'load']) {
    const { status } = await fetch(`${url}/v2/repository/models/${COMING}/${action}`, { method: 'POST' });
    if (status !== 200) throw new Error(`${action} was answered ${status}`);
  }
  return 1;
}

const BODIES = [
  '',
  '{',
  '[]',
  '{"inputs":1}',
  '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,16],"data":[1]}]}',
];
const PATHS = ['tiny', 'nobody', 'recommender', `${COMING}/versions/7`];

/** What no server should take: each is answered with a status, and leaves nothing behind. */
async function sendAskew(url: string): Promise<string[]> {
  const statuses: string[] = [];
  for (const path of PATHS) {
    for (const body of BODIES) {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(`${url}/v2/models/${path}/infer`, { method: 'POST', headers, body });
      await answer.arrayBuffer();
      statuses.push(String(answer.status));
    }
  }
  return statuses;
}

async function arrivalsAt(url: string): Promise<number> {
  const stats = (await (await fetch(`${url}/v2/models/stats`)).json()) as {
    model_stats: readonly { inferometer: { arrivals: number } }[];
  };
  return stats.model_stats.reduce((sum, { inferometer }) => sum + inferometer.arrivals, 0);
}

function descriptorsOf({ pid = 0 }: ChildProcess): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}

async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = (await gone) as [number | null];
  return code;
}
