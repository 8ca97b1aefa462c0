import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFile } from '../../harness/package-files.ts';
import { answering, freePort } from './free-port.ts';

/** A server under load, in a process of its own on a core of its own. */
export interface BenchTarget {
  readonly url: string;
  readonly pid: number;
  /** Requests answered so far, by the server's own count. */
  count(): Promise<number>;
  /** Its count grows by whole batches, seldom. */
  readonly inSteps?: boolean;
  stop(): Promise<void>;
}

/** What is missing for a target is said instead of it. */
export type TargetOrReason = BenchTarget | { readonly missing: string };

/** The C program sink.c, compiled here: answers anything with so many bytes, throws bodies away in the kernel. */
export async function startSink(cpu: number, answerBytes: number): Promise<TargetOrReason> {
  const program = compileC('sink');
  if ('missing' in program) return program;
  const counters = `${program.file}-counters`;
  const { child, line } = await startPinned(cpu, [program.file, counters, String(answerBytes)]);
  const file = openSync(counters, 'r');
  const bytes = Buffer.alloc(8);
  return {
    url: `http://127.0.0.1:${line}`,
    pid: child.pid ?? 0,
    async count() {
      readSync(file, bytes, 0, 8, 0);
      return Number(bytes.readBigUInt64LE());
    },
    async stop() {
      await ended(child);
      closeSync(file);
      program.remove();
    },
  };
}

/** A program of this folder, compiled into a folder of its own. */
export function compileC(
  name: string,
  ...libraries: readonly string[]
): { readonly file: string; remove(): void } | { readonly missing: string } {
  const folder = temporaryFolder();
  const file = join(folder, name);
  const source = packageFile('test', 'bench', `${name}.c`);
  const remove = () => rmSync(folder, { recursive: true });
  if (spawnSync('gcc', ['-O2', '-o', file, source, ...libraries]).status === 0) return { file, remove };
  remove();
  return { missing: 'nothing compiles C here: apt-get install -y gcc libc6-dev' };
}

/** A Node script that prints its port and answers every line on its stdin with its count. */
export async function startCountingScript(cpu: number, script: string): Promise<BenchTarget> {
  const command = [process.execPath, packageFile('dist', 'test', 'bench', script)];
  const { child, line } = await startPinned(cpu, command);
  return {
    url: `http://127.0.0.1:${line}`,
    pid: child.pid ?? 0,
    async count() {
      const answer = once(child.stdout, 'data');
      child.stdin.write('\n');
      const [text] = (await answer) as [Buffer];
      return Number(text.toString());
    },
    stop: () => ended(child),
  };
}

/** One worker of nginx; `/count` of its first port tells how many requests it has had, that one included. */
export async function startNginx(cpu: number, kind: 'http' | 'grpc'): Promise<TargetOrReason> {
  if (spawnSync('nginx', ['-v']).error !== undefined) {
    return { missing: 'nginx is not installed: apt-get install -y nginx-light' };
  }
  const folder = temporaryFolder();
  const [port, countPort] = [await freePort(), await freePort()];
  // Its worker gives up root's rights.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'www'));
  // An empty message: not compressed, no bytes.
  writeFileSync(join(folder, 'www', 'answer'), Buffer.alloc(5));
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, kind, port, countPort));
  const command = ['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder];
  const child = spawn('taskset', ['-c', String(cpu), ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
  let asked = 0;
  const count = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${countPort}/count`);
    const requests = /^ *\d+ +\d+ +(\d+)/m.exec(await response.text())?.[1];
    asked += 1;
    return Number(requests) - asked;
  };
  await answering(count);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    count,
    async stop() {
      await ended(child);
      rmSync(folder, { recursive: true });
    },
  };
}

function nginxConfig(folder: string, kind: 'http' | 'grpc', port: number, countPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const answer = {
    http: `location / { default_type application/json; return 200 '${'{"outputs":[],"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'}'; }`,
    grpc: 'location / { add_trailer grpc-status 0 always; error_page 405 =200 /answer; rewrite ^ /answer break; }',
  };
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; http2_max_concurrent_streams 1000;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port}${kind === 'grpc' ? ' http2' : ''};
    root ${folder}/www; default_type application/grpc;
    ${answer[kind]}
  }
  server { listen 127.0.0.1:${countPort}; keepalive_timeout 0; location = /count { stub_status; } }
}
`;
}

async function startPinned(cpu: number, command: readonly string[]) {
  const child = spawn('taskset', ['-c', String(cpu), ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, line: line.toString().trim() };
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'inferometer-bench-'));
}
