import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../harness/package-files.ts';
import { ensureModel } from '../../reference-server/models/zoo/model-cache.ts';
import { runCommand } from '../support/run-command.ts';

const README = readFileSync(packageFile('README.md'), 'utf8');

/** These two install and test, for minutes, and one of them is running now. What they call is in setup.test.ts. */
const NOT_RUN = ['npm start', 'npm test'];

const COMMANDS = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '' && !NOT_RUN.includes(line));

/** They read what is there and send nothing: those between two that do not, run at the same time. */
const READS =
  /^npx inferometer (list|explain|report|compare|gate|cost|requests)\b|^npx inferometer run .*--dry-run/;

/**
 * What npm's own npx comes to where the package is installed. That one is asked once, with the first command: it takes
 * longer to find this out than most verbs take for their work.
 */
const NPX = '#!/bin/sh\nname=$1\nshift\nexec "node_modules/.bin/$name" "$@"\n';

/**
 * Every command of the README, as written and in its order, in a folder with what its reader has by then: the
 * scenario that it shows as ranker.yaml, and a model file.
 */
describe('the README', () => {
  let folder = '';
  const servers: Server[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inferometer-readme-'));
    put('node_modules/.bin/inferometer', (at) => symlinkSync(packageFile('dist/harness/cli.js'), at));
    put('bin/npx', (at) => writeFileSync(at, NPX, { mode: 0o755 }));
    const model = await ensureModel('recommender');
    put('models/ranker.onnx', (at) => copyFileSync(model, at));
    for (const block of blocks('yaml')) {
      const [, file] = /^# (\S+\.yaml)\n/.exec(block) ?? [];
      if (file !== undefined) put(file, (at) => writeFileSync(at, block));
    }
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const put = (file: string, write: (path: string) => void) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    write(join(folder, file));
  };

  it('has commands for every use', () => {
    const verbs = COMMANDS.map((command) => /^npx inferometer (\w+)/.exec(command)?.[1]);
    const all = [
      'compare',
      'cost',
      'doctor',
      'explain',
      'gate',
      'list',
      'report',
      'requests',
      'run',
      'serve',
    ];
    expect([...new Set(verbs)].sort()).toEqual(all);
  });

  for (const command of COMMANDS) {
    const inTurn = READS.test(command) ? it.concurrent : it;
    inTurn(command, { timeout: 120_000 }, async () => {
      if (command.startsWith('npx inferometer serve')) {
        servers.push(await serve(command, folder));
        return;
      }
      const env = command === COMMANDS[0] ? {} : { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
      const { code, output } = await runCommand(command, { cwd: folder, env });
      // On a busy machine a run may be unable to answer (2); a mistake (3) or a failure (4) is never right.
      expect([0, 2], output).toContain(code);
      expect(output).not.toBe('');
    });
  }

  it('links to files that exist', () => {
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => target);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(() => readFileSync(packageFile(link)), link).not.toThrow();
  });
});

/** Contents of the README's code blocks in a language. */
function blocks(language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms');
  return [...README.matchAll(fence)].map(([, text = '']) => text);
}

interface Server {
  stop(): Promise<void>;
}

/** Starts a command that serves until it is stopped; resolves when it says that it serves. */
function serve(command: string, cwd: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const ended = runCommand(command, {
      cwd,
      onOutput: (output, pid) => {
        if (output.includes('Ctrl-C drains and stops.')) resolve({ stop: () => stop(pid) });
      },
    });
    const stop = async (pid: number): Promise<void> => {
      process.kill(-pid, 'SIGTERM');
      await ended;
    };
    ended.then(({ output }) => reject(new Error(`it ended: ${output}`)), reject);
  });
}
