import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageFile } from '../../harness/package-files.ts';
import { runCommand } from '../support/run-command.ts';

/**
 * setup.mjs in a folder of its own, with an `npm` that installs a compiler of four lines: what is installed when,
 * what is passed on, how it ends.
 */
const NPM = `#!/bin/sh
echo "npm $*" >> npm-calls
[ -e npm-fails ] && exit 7
mkdir -p node_modules/typescript/bin
cp tsc.cjs node_modules/typescript/bin/tsc
`;

const TSC = `
const { copyFileSync, existsSync, mkdirSync } = require('node:fs');
if (existsSync('does-not-compile')) process.exit(2);
mkdirSync('dist/harness', { recursive: true });
copyFileSync('cli.mjs', 'dist/harness/cli.js');
`;

const CLI = `
process.on('SIGTERM', () => { console.log('drained'); process.exit(130); });
console.log('cli ' + process.argv.slice(2).join(' '));
if (process.argv[2] === 'wait') setInterval(() => {}, 1000);
else process.exitCode = 2;
`;

describe('setup.mjs', () => {
  let clone = '';
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'inferometer-setup-'));
    copyFileSync(packageFile('setup.mjs'), join(clone, 'setup.mjs'));
    mkdirSync(join(clone, 'bin'));
    mkdirSync(join(clone, 'harness'));
    write('harness/cli.ts', '');
    write('bin/npm', NPM);
    chmodSync(join(clone, 'bin/npm'), 0o755);
    write('tsc.cjs', TSC);
    write('cli.mjs', CLI);
    write('package.json', '{ "type": "module" }');
    write('package-lock.json', '{}');
  });
  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  const write = (file: string, text: string) => writeFileSync(join(clone, file), text);
  const env = () => ({ PATH: `${join(clone, 'bin')}:${process.env.PATH}` });
  const setup = (args: string) => runCommand(`node setup.mjs ${args}`, { cwd: clone, env: env() });

  it('installs, builds, runs the batching scenario, and answers with its exit code', async () => {
    const { code, output } = await setup('start');
    expect(output).toContain('cli run batching');
    expect(code).toBe(2);
  });

  it('removes from dist what has no source any more', async () => {
    mkdirSync(join(clone, 'dist/harness/gone'), { recursive: true });
    write('dist/harness/gone/old.js', '');
    await setup('build');
    expect(existsSync(join(clone, 'dist/harness/gone/old.js'))).toBe(false);
    expect(existsSync(join(clone, 'dist/harness/cli.js'))).toBe(true);
  });

  it('installs nothing the second time, and again when the lock file has changed', async () => {
    await setup('build');
    expect((await setup('build')).output).toBe('');
    write('package-lock.json', '{ "lockfileVersion": 3 }');
    expect((await setup('build')).output).toContain('Installing');
  });

  it('passes arguments on', async () => {
    expect((await setup('start run smoke')).output).toContain('cli run smoke');
  });

  it('stops where installing or compiling fails, and tries again the next time', async () => {
    write('npm-fails', '');
    expect((await setup('start')).code).toBe(7);
    rmSync(join(clone, 'npm-fails'));
    write('does-not-compile', '');
    expect((await setup('start')).code).toBe(2);
    expect(existsSync(join(clone, 'dist'))).toBe(false);
  });

  it('passes a signal on, and ends when what it started has ended', async () => {
    const { code, output } = await runCommand('exec node setup.mjs start wait', {
      cwd: clone,
      env: env(),
      onOutput: (text, pid) => {
        if (text.endsWith('cli wait\n')) process.kill(pid, 'SIGTERM');
      },
    });
    expect(output).toContain('drained');
    expect(code).toBe(130);
  });
});
