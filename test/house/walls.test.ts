import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../harness/package-files.ts';

/**
 * Who may import whom, each wall with a violation that must be caught and, where a wall has a door, an import that
 * must pass. The fixtures are written into an empty tree with the project's own biome.json.
 */
const MUST_FAIL: readonly [file: string, specifier: string][] = [
  ...['load', 'workload', 'protocols', 'transports', 'targets', 'measure', 'probes'].flatMap(
    (room): [string, string][] => [
      [`harness/${room}/a.ts`, room === 'probes' ? '../transports/http1.ts' : '../probes/gpu-nvml.ts'],
      [`harness/${room}/b.ts`, '../run/generator.ts'],
      [`harness/${room}/c.ts`, '../../reports/report.ts'],
      [`harness/${room}/d.ts`, '../../reference-server/infer.ts'],
    ],
  ),
  ['harness/load/schedule.ts', 'node:fs'],
  ['harness/load/schedule.ts', '../transports/http1.ts'],
  ['harness/load/rate-law.ts', 'node:fs'],
  ['harness/load/arrival-process.ts', 'node:perf_hooks'],
  ['harness/statistics/a.ts', '../record/run-record.ts'],
  ['harness/statistics/b.ts', 'node:fs'],
  ['harness/gates/a.ts', '../cost/cost.ts'],
  ['harness/gates/b.ts', 'node:fs'],
  ['harness/gates/c.ts', '../run/coordinator.ts'],
  ['harness/cost/a.ts', '../gates/budget.ts'],
  ['harness/cost/b.ts', 'node:fs'],
  ['harness/cost/c.ts', '../package-files.ts'],
  ['harness/cost/load-price-book.ts', '../run/coordinator.ts'],
  ['harness/search/a.ts', '../transports/http1.ts'],
  ['harness/search/b.ts', '../gates/budget.ts'],
  ['harness/search/c.ts', 'node:perf_hooks'],
  ['harness/scenario/a.ts', '../record/run-record.ts'],
  ['harness/scenario/b.ts', '../gates/budget.ts'],
  ['harness/record/a.ts', '../gates/budget.ts'],
  ['harness/record/b.ts', '../run/coordinator.ts'],
  ['harness/run/a.ts', '../commands/run.ts'],
  ['harness/run/b.ts', '../../reports/report.ts'],
  ['harness/run/cases/a.ts', '../../commands/run.ts'],
  ['harness/run/cases/b.ts', '../../../reports/report.ts'],
  ['harness/run/cases/c.ts', '../generator/generator.ts'],
  ['harness/run/session/a.ts', '../engines.ts'],
  ['harness/run/session/b.ts', '../threads/thread-engine.ts'],
  ['harness/run/generator/a.ts', '../plan/plan.ts'],
  ['harness/run/generator/b.ts', '../../terminal/progress.ts'],
  ['harness/run/raw-log/a.ts', '../cases/case-summary.ts'],
  ['harness/terminal/a.ts', '../transports/http1.ts'],
  ['harness/commands/a.ts', '../../reference-server/infer.ts'],
  ['reports/a.ts', '../harness/cost/cost.ts'],
  ['reports/sections/b.ts', '../../harness/gates/budget.ts'],
  ['reports/c.ts', 'node:fs'],
  ['reports/d.ts', '../reference-server/infer.ts'],
  ['reference-server/a.ts', '../harness/errors.ts'],
  ['reference-server/api/b.ts', '../../reports/report.ts'],
  ...['batch-policy', 'queue-policy', 'request-queue', 'restart-policy', 'placement'].map(
    (name): [string, string] => [`reference-server/execution/${name}.ts`, 'node:perf_hooks'],
  ),
  ['reference-server/models/version-policy.ts', 'node:fs'],
  ['reference-server/models/triton-config.ts', 'node:fs'],
  ['reference-server/models/input-limits.ts', 'node:fs'],
  ['reference-server/api/classification.ts', 'node:http'],
  ['reference-server/api/raw-body.ts', 'node:fs'],
  ['reference-server/cache/lru-store.ts', 'node:perf_hooks'],
  ['reference-server/cache/circuit.ts', 'node:timers'],
  ['reference-server/cache/answer-codec.ts', 'node:net'],
  ['reference-server/pipeline/wiring.ts', 'node:fs'],
  ['reference-server/pipeline/steps/image.ts', 'node:fs'],
  ['reference-server/routing/split.ts', 'node:perf_hooks'],
  ['reference-server/cache/cache-key.ts', 'node:fs'],
  ['reference-server/balancer/policy.ts', 'node:perf_hooks'],
];

const MUST_PASS: readonly [file: string, specifier: string][] = [
  ['harness/transports/pass.ts', '../protocols/protocol.ts'],
  ['harness/measure/pass.ts', '../transports/transport.ts'],
  ['harness/protocols/pass.ts', '../statistics/histogram.ts'],
  ['harness/gates/pass.ts', '../record/run-record.ts'],
  ['harness/run/session/pass.ts', '../load-engine.ts'],
  ['harness/run/generator/pass.ts', '../load-engine.ts'],
  ['harness/cost/load-price-book.ts', '../package-files.ts'],
  ['reports/sections/pass.ts', '../../harness/statistics/histogram.ts'],
  ['reports/sections/pass2.ts', '../../harness/record/run-record.ts'],
  ['harness/commands/pass.ts', '../../reports/report.ts'],
  ['reference-server/pipeline/run-graph.ts', 'node:events'],
];

describe('the walls of the house', () => {
  let tree = '';
  beforeAll(() => {
    tree = realpathSync(mkdtempSync(join(tmpdir(), 'inferometer-walls-')));
    const config = JSON.parse(readFileSync(packageFile('biome.json'), 'utf8')) as {
      vcs: unknown;
      $schema?: string;
    };
    config.vcs = { enabled: false };
    delete config.$schema;
    writeFileSync(join(tree, 'biome.json'), JSON.stringify(config));
  });
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  /** How many violations of each rule Biome finds, by file. One run over the whole tree. */
  function lint(imports: readonly [file: string, source: string][]): Map<string, string[]> {
    const sources = new Map<string, string>();
    for (const [file, source] of imports) sources.set(file, (sources.get(file) ?? '') + source);
    for (const [file, source] of sources) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), source);
    }
    const biome = packageFile('node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--reporter=github', '--max-diagnostics=none', ...sources.keys()];
    const run = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
    const found = new Map<string, string[]>();
    for (const [, rule = '', path = ''] of run.stdout.matchAll(/title=lint\/\w+\/(\w+),file=([^,]+)/g)) {
      const file = relative(tree, path);
      found.set(file, [...(found.get(file) ?? []), rule]);
    }
    return found;
  }

  function restricted(imports: readonly [string, string][]): Map<string, number> {
    const found = lint(imports.map(([file, specifier]) => [file, `import '${specifier}';\n`]));
    return new Map(
      [...found].map(([file, rules]) => [
        file,
        rules.filter((rule) => rule === 'noRestrictedImports').length,
      ]),
    );
  }

  it('stop every forbidden import', () => {
    const found = restricted(MUST_FAIL);
    const wanted = new Map<string, number>();
    for (const [file] of MUST_FAIL) wanted.set(file, (wanted.get(file) ?? 0) + 1);
    expect(found).toEqual(wanted);
  });

  it('leave the doors open', () => {
    expect([...restricted(MUST_PASS).values()].filter((count) => count > 0)).toEqual([]);
  });

  it('find an import cycle, of types too', () => {
    const found = lint([
      ['harness/statistics/one.ts', "import { two } from './two.ts';\nexport const one = () => two;\n"],
      ['harness/statistics/two.ts', "import { one } from './one.ts';\nexport const two = () => one;\n"],
      ['harness/record/one.ts', "import type { Two } from './two.ts';\nexport type One = Two | 1;\n"],
      ['harness/record/two.ts', "import type { One } from './one.ts';\nexport type Two = One | 2;\n"],
    ]);
    expect(found.get('harness/statistics/one.ts')).toContain('noImportCycles');
    expect(found.get('harness/record/one.ts')).toContain('noImportCycles');
  });
});
