import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { packageFile } from '../../harness/package-files.ts';
import type { TruthConfig, Witness } from './truth-config.ts';

export interface TruthServer {
  readonly url: string;
  readonly pid: number;
  witness(): Promise<Witness>;
  stop(): Promise<void>;
}

/** Starts the truth server as a process of its own, on the given core where there is one. */
export async function startTruthServer(config: TruthConfig, cpu?: number): Promise<TruthServer> {
  const file = packageFile('dist', 'test', 'support', 'truth-server.js');
  const command = [process.execPath, file, JSON.stringify(config)];
  const pinned = cpu === undefined ? command : ['taskset', '-c', String(cpu), ...command];
  const [program = '', ...args] = pinned;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${Number(line.toString())}`;
  return {
    url,
    pid: child.pid ?? 0,
    witness: () => getJson<Witness>(`${url}/witness`),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function getJson<T>(url: string): Promise<T> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(JSON.parse(text) as T));
    }).on('error', reject);
  });
}
