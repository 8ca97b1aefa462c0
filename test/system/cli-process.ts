import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile } from '../../harness/package-files.ts';
import { type RunRecord, runRecord } from '../../harness/record/run-record.ts';
import { TEST_CACHE } from '../support/goldens.ts';

const CLI = packageFile('dist', 'harness', 'cli.js');
/** In the environment of everything that a test starts, and inherited by what that starts. */
const MARK = 'INFEROMETER_SYSTEM_TEST';

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout holds the text; rejects when the process ends without. */
  printed(text: string | RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/** A folder of its own to work in, and the built command line to work with. */
export interface Workplace {
  readonly folder: string;
  path(...parts: string[]): string;
  write(name: string, text: string): string;
  run(...words: string[]): Promise<Ended>;
  start(words: readonly string[], env?: Readonly<Record<string, string>>): Running;
  /** The record that `results/latest` points to, checked against the format. */
  latest(): RunRecord;
  /** Processes that were started here and still live. */
  processes(): { pid: number; command: string }[];
  /** Ends what is left, removes the folder. */
  close(): Promise<void>;
}

export function workplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-system-'));
  const started = new Set<ChildProcess>();
  const path = (...parts: string[]) => join(folder, ...parts);
  const start: Workplace['start'] = (words, env = {}) => {
    const child = spawn(process.execPath, [CLI, ...words], {
      cwd: folder,
      env: { ...process.env, INFEROMETER_CACHE: TEST_CACHE, [MARK]: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.add(child);
    return follow(child);
  };
  return {
    folder,
    path,
    write(name, text) {
      writeFileSync(path(name), text);
      return name;
    },
    run: (...words) => start(words).ended,
    start,
    latest: () => runRecord.parse(JSON.parse(readFileSync(path('results', 'latest', 'run.json'), 'utf8'))),
    processes: () => markedProcesses(`${MARK}=${folder}`),
    async close() {
      for (const child of started) child.kill('SIGKILL');
      for (const { pid } of markedProcesses(`${MARK}=${folder}`)) process.kill(pid, 'SIGKILL');
      await Promise.all(
        [...started].map((child) => child.exitCode ?? child.signalCode ?? once(child, 'close')),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code ?? signal, stdout, stderr }));
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => child.kill(signal),
    async printed(text) {
      const found = () => (typeof text === 'string' ? stdout.includes(text) : text.test(stdout));
      const gone = ended.then(() => 'gone');
      while (!found()) {
        const next = await Promise.race([once(child.stdout ?? child, 'data'), gone]);
        if (next === 'gone' && !found())
          throw new Error(`it ended without printing ${text}:\n${stdout}${stderr}`);
      }
      return stdout;
    },
  };
}

function markedProcesses(mark: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [environment, command] = [read(name, 'environ'), read(name, 'cmdline')];
      return environment.includes(mark)
        ? [{ pid: Number(name), command: command.replaceAll('\0', ' ') }]
        : [];
    });
}

/** Empty for a process that has ended meanwhile, or is a zombie. */
function read(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** Two settings, a closed pass and one rate: four cases of a second. */
export const TINY = `name: tiny
question: Does a short run close its books?
target:
  reference: { model: recommender, batching: { maxRows: 8 } }
vary:
  batch: { path: target.reference.batching.maxRows, values: [1, 8] }
load:
  closed: { inFlight: 4 }
  ladder: { steps: [20%] }
measure: { warmup: 100ms, duration: 1s, drain: 2s, seed: 3 }
decide: { slo: ["p50 < 10s"] }
`;
