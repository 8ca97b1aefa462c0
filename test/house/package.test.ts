import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../harness/package-files.ts';
import { runCommand } from '../support/run-command.ts';

/** The package as `npm pack` makes it: what is in it, and that it works where there is no clone. */
describe('the package', () => {
  let folder = '';
  let tarball = '';
  let files: readonly string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inferometer-package-'));
    const { code, output } = await runCommand(`npm pack --silent --pack-destination ${folder}`, {
      cwd: packageFile(),
    });
    expect(code, output).toBe(0);
    tarball = join(folder, output.trim().split('\n').at(-1) ?? '');
    const listed = await runCommand(`tar -tzf ${tarball}`, { cwd: folder });
    files = listed.output
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    'dist/harness/cli.js',
    'dist/harness/run/threads/generator-thread.js',
    'dist/harness/run/autocannon/autocannon-thread.js',
    'dist/harness/doctor/null-server.js',
    'dist/harness/load/pacer-thread.js',
    'dist/reference-server/main.js',
    'dist/reference-server/execution/instance-worker.js',
    'dist/reports/report.js',
    'harness/cost/prices/instances.csv',
    'reference-server/server.yaml',
    'reports/cases.js',
    'reports/cost-form.js',
    'reports/page.js',
    'reports/style.css',
    'scenario.schema.json',
    'scenarios/batching.yaml',
    'scenarios/README.md',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ])('holds %s', (file) => expect(files).toContain(file));

  it('holds nothing of the tests, no sources, no maps, no results', () => {
    const unwanted = files.filter((file) =>
      /(^|\/)test\/|\.test\.|\.tsx?$|\.map$|^results|tsbuildinfo/.test(file),
    );
    expect(unwanted).toEqual([]);
  });

  it('runs smoke from an empty folder, with the packages it depends on and no others', async () => {
    const user = join(folder, 'user');
    const modules = join(user, 'node_modules');
    mkdirSync(modules, { recursive: true });
    for (const name of runtimePackages()) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(packageFile('node_modules', name), join(modules, name));
    }
    await runCommand(`tar -xzf ${tarball} && mv package node_modules/inferometer`, { cwd: user });
    // What npm does with `bin`.
    mkdirSync(join(modules, '.bin'));
    symlinkSync('../inferometer/dist/harness/cli.js', join(modules, '.bin/inferometer'));
    chmodSync(join(modules, 'inferometer/dist/harness/cli.js'), 0o755);

    const { output } = await runCommand('npx --no-install inferometer run smoke', { cwd: user });
    expect(output).toMatch(/report {2}results\/.+\/report\.html/);
    const record = JSON.parse(readFileSync(join(user, 'results/latest/run.json'), 'utf8')) as {
      partial: boolean;
      cases: readonly { counts: { ok: number } }[];
    };
    expect(record.partial).toBe(false);
    expect(record.cases.map(({ counts }) => counts.ok > 0)).toEqual([true, true]);

    const doctor = await runCommand('npx --no-install inferometer doctor', { cwd: user });
    expect(doctor.code, doctor.output).toBe(0);
    expect(doctor.output).toMatch(/checks, \d+ to look at/);
  }, 90_000);
});

/** Packages at the top of node_modules that an installation without development packages would have. */
function runtimePackages(): string[] {
  const lock = JSON.parse(readFileSync(packageFile('package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { dev?: boolean }>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev = false }]) => !dev && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path))
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((name) => existsSync(packageFile('node_modules', name)));
}
