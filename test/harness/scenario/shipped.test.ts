import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../harness/package-files.ts';
import { listScenarios } from '../../../harness/scenario/catalogue.ts';
import { scenarioJsonSchemaText } from '../../../harness/scenario/json-schema.ts';
import { loadScenario, scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { loadLabels } from '../../../harness/scenario/load-labels.ts';

describe('shipped scenarios', () => {
  it('has these', () => {
    expect(listScenarios().map(({ name }) => name)).toEqual([
      'arrival',
      'batching',
      'caching',
      'capacity',
      'pipeline',
      'protocol-cost',
      'rollout',
      'scaling',
      'smoke',
    ]);
  });

  it.each(listScenarios())(
    '$name loads, asks a question, points editors at the schema',
    ({ name, question, file }) => {
      const scenario = loadScenario(name);
      expect(scenario).toMatchObject({ name, question });
      expect(question).toMatch(/\?$/);
      expect(readFileSync(file, 'utf8')).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/scenario\.schema\.json\n/,
      );
      expect(Object.isFrozen(scenario.settings[0]?.load)).toBe(true);
    },
  );

  it('batching is five settings, twenty cases, under 90 s measured', () => {
    const scenario = loadScenario('batching');
    expect(scenario.settings.map(({ axes }) => `${axes.batch} ${axes.delay}`)).toEqual([
      '1 0ms',
      '8 0ms',
      '32 0ms',
      '32 2ms',
      '32 10ms',
    ]);
    expect(scenario.skipped).toHaveLength(4);
    const cases = scenario.settings.flatMap(({ load }) => loadLabels(load));
    expect(cases).toHaveLength(20);
    expect(cases.slice(0, 4)).toEqual(['saturation', '10%', '40%', '75%']);
    expect((cases.length * scenario.measure.durationMs) / 1000).toBeLessThan(90);
  });

  it('pipeline serves the same images in four ways, within two minutes', () => {
    const { settings, measure } = loadScenario('pipeline');
    const served = settings.map(({ target }) => target).filter((target) => target.kind === 'reference');
    const steps = ({ pipeline }: (typeof served)[number]) =>
      ((pipeline?.before ?? []) as { step: string }[]).map(({ step }) => step);
    expect(served.map((target) => [target.model, ...steps(target)])).toEqual([
      ['image-classifier'],
      ['image-classifier', 'normalise', 'transpose'],
      ['image-classifier-pixels'],
      ['image-classifier', 'image'],
    ]);
    const cases = settings.flatMap(({ load }) => loadLabels(load)).length;
    expect(cases * (measure.warmupMs + measure.durationMs)).toBeLessThan(90_000);
  });

  it('scaling compares as many computing threads, and drives for less than 60 s', () => {
    const { settings, measure } = loadScenario('scaling');
    const threads = settings.map(({ target }) =>
      target.kind === 'reference' ? target.threads * target.instances * (target.replicas ?? 1) : 0,
    );
    expect(threads).toEqual([2, 2, 2]);
    const cases = settings.flatMap(({ load }) => loadLabels(load)).length;
    expect(cases * (measure.warmupMs + measure.durationMs)).toBeLessThan(60_000);
  });

  it('smoke drives for less than 8 s', () => {
    const { settings, measure } = loadScenario('smoke');
    const cases = settings.flatMap(({ load }) => loadLabels(load)).length;
    expect(cases * (measure.warmupMs + measure.durationMs)).toBeLessThan(8000);
  });

  it('caching crosses three caches with two popularities, and takes two of them away while they are used', () => {
    const { settings, measure, events } = loadScenario('caching');
    expect(settings.map(({ axes }) => `${axes.cache} ${axes.popularity}`)).toEqual([
      'none once',
      'none zipf',
      'local once',
      'local zipf',
      'redis once',
      'redis zipf',
    ]);
    expect(events).toMatchObject([
      { in: { cache: 'local', popularity: 'zipf', load: '40%' }, change: { do: 'cache.flush' } },
      { in: { cache: 'redis', popularity: 'zipf', load: '20%' }, change: { do: 'redis.stop' } },
    ]);
    const cases = settings.flatMap(({ load }) => loadLabels(load)).length;
    expect((cases * (measure.warmupMs + measure.durationMs)) / 1000).toBeLessThan(65);
  });

  it('protocol-cost drives one model with the same rates through four doors', () => {
    const { settings, measure } = loadScenario('protocol-cost');
    const doors = settings.map(({ axes, target, workload }) => [
      axes.door,
      target.protocol ?? 'oip-rest',
      target.stream ?? false,
      workload.encoding,
    ]);
    expect(doors).toEqual([
      ['rest-json', 'oip-rest', false, 'json'],
      ['rest-binary', 'oip-rest', false, 'binary'],
      ['grpc-unary', 'oip-grpc', false, 'binary'],
      ['grpc-stream', 'oip-grpc', true, 'binary'],
    ]);
    const cases = settings.flatMap(({ load }) => loadLabels(load)).length;
    expect((cases * (measure.warmupMs + measure.durationMs)) / 1000).toBeLessThan(60);
  });

  it('capacity and smoke take a server of the user, batching refuses with the reason', () => {
    const own = { url: 'http://127.0.0.1:9000', model: 'mine' };
    expect(loadScenario('capacity', own).settings[0]?.target).toEqual({
      kind: 'external',
      url: 'http://127.0.0.1:9000',
      protocol: 'oip-rest',
      model: 'mine',
      headers: {},
    });
    expect(() => loadScenario('batching', own)).toThrow(
      /batching\.maxRows cannot be changed[\s\S]*--as-found/,
    );
  });

  it('the committed JSON Schema is the current one (node dist/harness/scenario/write-json-schema.js)', () => {
    expect(readFileSync(packageFile('scenario.schema.json'), 'utf8')).toBe(scenarioJsonSchemaText());
  });

  it("the README's examples are scenarios", () => {
    const readme = readFileSync(packageFile('scenarios', 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml ?? '');
    expect(examples).toHaveLength(16);
    process.env.RANKER_TOKEN = 'secret';
    for (const example of examples) scenarioFromText(example, 'readme.yaml');
  });
});
