import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invalid, ServingError } from '../../../reference-server/errors.ts';
import type { TensorSpec } from '../../../reference-server/execution/tensors.ts';
import type { InferContext, InferResponse, Tensor } from '../../../reference-server/infer.ts';
import {
  type DeclaredEnsemble,
  type DeclaredModel,
  ensemble,
  pipeline,
} from '../../../reference-server/pipeline/declared-graph.ts';
import { inOrder, type Part, wireEnsemble } from '../../../reference-server/pipeline/ensemble.ts';
import { pipelineAround, wirePipeline } from '../../../reference-server/pipeline/model-pipeline.ts';
import { GraphRunner } from '../../../reference-server/pipeline/run-graph.ts';
import { fp32, newContext, tensorFrom, valuesOf } from './run-steps.ts';

const column = (name: string): TensorSpec => ({ name, datatype: 'FP32', shape: [-1, 1] });
const number = (name: string, value: number) => tensorFrom(name, fp32([value]));
const firstOf = (tensor: Tensor | undefined) =>
  tensor === undefined ? undefined : Number(valuesOf(tensor)[0]);

/** Models of one column that add, to be answered when a test says so. */
class Adders {
  readonly calls: { model: string; inputs: readonly Tensor[]; context: InferContext }[] = [];
  readonly #held = new Map<string, { promise: Promise<void>; go: (error?: Error) => void }>();

  hold(model: string): (error?: Error) => void {
    let go: (error?: Error) => void = () => {};
    const promise = new Promise<void>((resolve, reject) => {
      go = (error) => (error === undefined ? resolve() : reject(error));
    });
    promise.catch(() => {});
    this.#held.set(model, { promise, go });
    return go;
  }

  /** `sum` of its inputs, which are those that the node names. */
  partOf = ({ model, inputs }: DeclaredModel): Part => ({
    signature: { inputs: Object.keys(inputs).map(column), outputs: [column('sum')] },
    call: async (tensors, _, context): Promise<InferResponse> => {
      this.calls.push({ model, inputs: tensors, context });
      await this.#held.get(model)?.promise;
      const sum = tensors.reduce((total, tensor) => total + (firstOf(tensor) ?? 0), 0);
      return { outputs: [number('sum', sum)] };
    },
  });

  get called(): string[] {
    return this.calls.map(({ model }) => model);
  }
}

const node = (model: string, from: readonly string[], to: string) => ({
  model,
  inputs: Object.fromEntries(from.map((name, at) => [`in${at}`, name])),
  outputs: { sum: to },
});

/** x feeds a and b; a and b feed c, b alone feeds d. */
const diamond = ensemble.parse({
  inputs: [column('x')],
  outputs: ['C', 'D'],
  nodes: [
    node('d', ['B'], 'D'),
    node('c', ['A', 'B'], 'C'),
    node('b', ['x'], 'B'),
    node('a', ['x', 'x'], 'A'),
  ],
});

function runnerOf(declared: DeclaredEnsemble, adders: Adders, labels: string[] = []): GraphRunner {
  const { graph, problems } = wireEnsemble(declared, {}, adders.partOf);
  expect(problems).toEqual([]);
  return new GraphRunner(graph, (label, run) => {
    labels.push(label);
    return run();
  });
}

const request = (value: number, outputs?: readonly string[]) => ({
  inputs: [number('x', value)],
  rows: 1,
  ...(outputs === undefined ? {} : { outputs }),
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('an ensemble', () => {
  test('runs each node when what it takes is there, whatever the order in which they are declared', async () => {
    const labels: string[] = [];
    const { outputs } = await runnerOf(diamond, new Adders(), labels).run(request(5), newContext());
    expect(outputs.map((tensor) => [tensor.name, firstOf(tensor)])).toEqual([
      ['C', 15],
      ['D', 5],
    ]);
    expect([...labels].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('branches run side by side', async () => {
    const adders = new Adders();
    const [goA, goB] = [adders.hold('a'), adders.hold('b')];
    const answer = runnerOf(diamond, adders).run(request(1), newContext());
    await settled();
    expect(adders.called.sort()).toEqual(['a', 'b']);
    goB();
    await settled();
    // d needs b alone.
    expect(adders.called).toContain('d');
    expect(adders.called).not.toContain('c');
    goA();
    expect((await answer).outputs).toHaveLength(2);
  });

  test('what no wanted output needs does not run', async () => {
    const adders = new Adders();
    const runner = runnerOf(diamond, adders);
    const { outputs } = await runner.run(request(3, ['D']), newContext());
    expect(outputs.map(({ name }) => name)).toEqual(['D']);
    expect(adders.called.sort()).toEqual(['b', 'd']);
  });

  test('fails with its first failure; the branch under way is told, and what follows does not begin', async () => {
    const adders = new Adders();
    const [goA, goB] = [adders.hold('a'), adders.hold('b')];
    const answer = runnerOf(diamond, adders).run(request(1), newContext());
    const failed = expect(answer).rejects.toThrow('no room');
    await settled();
    goB(new ServingError('unavailable', 'no room'));
    await failed;
    expect(adders.calls.find(({ model }) => model === 'a')?.context.signal?.aborted).toBe(true);
    goA();
    await settled();
    expect(adders.called.sort()).toEqual(['a', 'b']);
  });

  test('a branch that goes on after the failure goes no further', async () => {
    const branches = ensemble.parse({
      inputs: [column('x')],
      outputs: ['B', 'E'],
      nodes: [node('a', ['x'], 'A'), node('b', ['x'], 'B'), node('e', ['A'], 'E')],
    });
    const adders = new Adders();
    const [goA, goB] = [adders.hold('a'), adders.hold('b')];
    const answer = runnerOf(branches, adders).run(request(1), newContext());
    const failed = expect(answer).rejects.toThrow('no room');
    goB(new ServingError('unavailable', 'no room'));
    await failed;
    goA();
    await settled();
    expect(adders.called.sort()).toEqual(['a', 'b']);
  });

  test('a caller who goes away is told to every branch', async () => {
    const adders = new Adders();
    const [goA] = [adders.hold('a'), adders.hold('b')];
    const caller = new AbortController();
    const answer = runnerOf(diamond, adders).run(request(1), newContext(caller.signal));
    await settled();
    caller.abort();
    expect(adders.calls.map(({ context }) => context.signal?.aborted)).toEqual([true, true]);
    goA(new ServingError('cancelled', 'gone'));
    await expect(answer).rejects.toThrow('gone');
  });

  test('steps stand among the models', async () => {
    const adders = new Adders();
    const declared = ensemble.parse({
      inputs: [column('x')],
      outputs: ['y'],
      nodes: [
        { step: 'clip', from: 'B', to: 'y', high: 10 },
        node('b', ['low'], 'B'),
        { step: 'clip', from: 'x', to: 'low', low: 4 },
      ],
    });
    const labels: string[] = [];
    const runner = runnerOf(declared, adders, labels);
    expect(firstOf((await runner.run(request(1), newContext())).outputs[0])).toBe(4);
    expect(firstOf((await runner.run(request(50), newContext())).outputs[0])).toBe(10);
    expect(labels).toEqual(['clip', 'b', 'clip 2', 'clip', 'b', 'clip 2']);
  });

  test('is what it computes one after another, for any graph and any wish', async () => {
    // Node n takes some of x and the nodes before it, and is declared anywhere.
    const graphs = fc.array(fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(graphs, fc.integer({ min: 1, max: 255 }), fc.nat(1000), async (takes, wish, seed) => {
        const names = ['x', ...takes.map((_, at) => `t${at}`)];
        const nodes = takes.map((from, at) => ({ from: from.map((pick) => pick % (at + 1)), at }));
        const wanted = nodes.filter(({ at }) => (wish >> at) & 1).map(({ at }) => `t${at}`);
        if (wanted.length === 0) return;
        const shuffled = [...nodes].sort((a, b) => ((a.at * 7919 + seed) % 13) - ((b.at * 7919 + seed) % 13));
        const used = new Set(nodes.flatMap(({ from }) => from));
        if (!used.has(0)) return;
        const declared = ensemble.parse({
          inputs: [column('x')],
          outputs: nodes.map(({ at }) => `t${at}`),
          nodes: shuffled.map(({ from, at }) =>
            node(
              `m${at}`,
              from.map((place) => names[place] ?? ''),
              `t${at}`,
            ),
          ),
        });
        const values = [1];
        const needs: Set<number>[] = [new Set()];
        for (const { from, at } of nodes) {
          values.push(from.reduce((sum, place) => sum + (values[place] ?? 0), 0));
          needs.push(new Set([at, ...from.flatMap((place) => [...(needs[place] ?? [])])]));
        }
        const adders = new Adders();
        const { outputs } = await runnerOf(declared, adders).run(request(1, wanted), newContext());
        const found = Object.fromEntries(outputs.map((tensor) => [tensor.name, firstOf(tensor)]));
        expect(found).toEqual(Object.fromEntries(wanted.map((name) => [name, values[names.indexOf(name)]])));
        const needed = new Set(wanted.flatMap((name) => [...(needs[names.indexOf(name)] ?? [])]));
        expect(adders.called.sort()).toEqual([...needed].map((at) => `m${at}`).sort());
      }),
      { numRuns: 80 },
    );
  });
});

describe('what does not fit is told, all at once', () => {
  const problemsOf = (declared: object) =>
    wireEnsemble(ensemble.parse(declared), {}, new Adders().partOf).problems;

  test.each([
    [
      'a circle',
      [node('a', ['B'], 'A'), node('b', ['A', 'x'], 'B')],
      ["model 'a' takes 'B', and there is only x"],
    ],
    ['a name that nobody gives', [node('a', ['y', 'x'], 'A')], ["model 'a' takes 'y', and there is only x"]],
    ['a name given twice', [node('a', ['x'], 'A'), node('b', ['x'], 'A')], ["'A' is given more than once"]],
    [
      'an input without use',
      [node('a', ['k'], 'A'), { step: 'clip', from: 'x', to: 'k' }],
      ["the step 'clip': low or high must be given"],
    ],
  ])('%s', (_, nodes, problems) => {
    expect(problemsOf({ inputs: [column('x')], outputs: ['A'], nodes })).toEqual(problems);
  });

  test('an output that nothing gives, an input that nothing takes', () => {
    const nodes = [node('a', ['x'], 'A')];
    expect(problemsOf({ inputs: [column('x')], outputs: ['Z'], nodes })).toEqual([
      "nothing gives the output 'Z'",
    ]);
    expect(problemsOf({ inputs: [column('x'), column('y')], outputs: ['A'], nodes })).toEqual([
      "nothing takes the input 'y'",
    ]);
  });

  test("tensors that are not the model's", () => {
    const wide = { name: 'x', datatype: 'FP32', shape: [-1, 2] };
    const given = problemsOf({ inputs: [wide], outputs: ['A'], nodes: [node('a', ['x'], 'A')] });
    expect(given).toEqual(["'x' for input 'in0' of model 'a' is [-1,2], and must be [-1,1] (-1: any size)"]);
    const misnamed = { model: 'a', inputs: { in0: 'x' }, outputs: { total: 'A' } };
    expect(problemsOf({ inputs: [column('x')], outputs: ['A'], nodes: [misnamed] })).toEqual([
      "model 'a' has no output 'total', it has sum",
    ]);
  });

  test('nodes in a circle come last, and none is lost', () => {
    const declared = ensemble.parse({
      inputs: [column('x')],
      outputs: ['A'],
      nodes: [node('a', ['B'], 'A'), node('b', ['A'], 'B'), node('c', ['x'], 'C')],
    });
    expect(inOrder(declared).map((each) => 'model' in each && each.model)).toEqual(['c', 'a', 'b']);
  });
});

describe('steps around a model', () => {
  const model = (
    infer = async ({ inputs }: { inputs: readonly Tensor[] }) => ({
      outputs: [number('sum', (firstOf(inputs[0]) ?? 0) * 2), number('rest', -1)],
    }),
  ) => ({ name: 'm', inputs: [column('x')], outputs: [column('sum'), column('rest')], infer });

  test('in place: a name stands for what was given last', async () => {
    const declared = pipeline.parse({
      before: [
        { step: 'clip', from: 'x', low: 3 },
        { step: 'clip', from: 'x', high: 7 },
      ],
      after: [{ step: 'normalise', from: 'sum', low: 0, high: 14 }],
    });
    const piped = pipelineAround(model(), declared, {}, (_, run) => run());
    expect(piped.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(piped.outputs.map(({ name }) => name)).toEqual(['sum', 'rest']);
    const answers = await Promise.all([0, 5, 9].map((value) => piped.infer(request(value), newContext())));
    expect(answers.map(({ outputs }) => outputs.map((tensor) => firstOf(tensor)?.toFixed(3)))).toEqual([
      [(6 / 14).toFixed(3), '-1.000'],
      [(10 / 14).toFixed(3), '-1.000'],
      ['1.000', '-1.000'],
    ]);
  });

  test('other inputs and fewer outputs than the model has', () => {
    const declared = pipeline.parse({
      inputs: [{ name: 'words', datatype: 'BYTES', shape: [-1, 1] }],
      before: [
        { step: 'vectorise', from: 'words', to: 'counts', buckets: 4 },
        { step: 'select', from: 'counts', to: 'x', columns: [2] },
      ],
      after: [{ step: 'threshold', from: 'sum', to: 'is', at: 1 }],
      outputs: ['is'],
    });
    const { graph, problems } = wirePipeline(model(), declared, {});
    expect(problems).toEqual([]);
    expect(graph.inputs).toEqual([{ name: 'words', datatype: 'BYTES', shape: [-1, 1] }]);
    expect(graph.outputs).toEqual([
      { name: 'is', datatype: 'BOOL', shape: [-1, 1], slot: expect.any(Number) },
    ]);
  });

  test('everything that does not fit at once', () => {
    const declared = pipeline.parse({
      inputs: [{ name: 'y', datatype: 'INT64', shape: [-1, 2] }],
      before: [
        { step: 'clip', from: 'z', low: 0 },
        { step: 'select', from: 'y', to: 'x', columns: [1] },
      ],
      after: [{ step: 'topK', from: 'sum', to: ['a', 'b'], k: 2 }],
      outputs: ['a', 'none'],
    });
    expect(wirePipeline(model(), declared, {}).problems).toEqual([
      "the step 'clip' takes 'z', and there is only y",
      "the model's input 'x' is INT64, and must be FP32",
      "the step 'topK': k: is 2, and there are 1 classes",
      "nothing gives the output 'none'",
    ]);
  });

  test("the model's refusal is the request's, and so is a step's", async () => {
    const refusing = model(async () => {
      throw new ServingError('unavailable', 'full');
    });
    const declared = pipeline.parse({
      before: [{ step: 'cleanse', from: 'x', high: 5, onInvalid: 'reject' }],
    });
    const failures: string[] = [];
    const piped = pipelineAround(refusing, declared, {}, (label, run) => {
      failures.push(label);
      return run();
    });
    await expect(piped.infer(request(1), newContext())).rejects.toThrow('full');
    await expect(piped.infer(request(6), newContext())).rejects.toMatchObject({ kind: 'invalid' });
    expect(failures).toEqual(['cleanse', 'model', 'cleanse']);
    expect(invalid('x').status).toBe(400);
  });
});

describe('declarations', () => {
  const problemsOf = (declared: unknown) =>
    pipeline.safeParse(declared).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
    [];

  test('every mistake with its place and the name that was meant', () => {
    expect(
      problemsOf({
        before: [
          { step: 'normalize', from: 'x' },
          { step: 'clip', from: 'x', lows: 1 },
          { step: 'topK', from: 'x', k: 0 },
          { step: 'clip', from: ['x', 'y'], low: 0 },
          { step: 'tokenise', from: 'x', buckets: 9, length: 4 },
          { from: 'x' },
          'clip',
        ],
        afer: [],
      }).map((problem) => problem.slice(0, 70)),
    ).toEqual([
      "before.0.step: there is no step 'normalize'; did you mean normalise?",
      'before.1.lows: there is no such field; did you mean low?',
      expect.stringMatching(/^before\.2\.k: /),
      'before.3.from: this step takes one tensor',
      'before.4.to: must name what the step gives',
      expect.stringMatching(/^before\.5\.step: must name a step: cleanse, /),
      expect.stringMatching(/^before\.6\.step: must name a step: cleanse, /),
      expect.stringMatching(/^: Unrecognized key/),
    ]);
  });

  test('a node of an ensemble is a step or a model', () => {
    const inputs = [column('x')];
    const declared = {
      inputs,
      outputs: ['y'],
      nodes: [{ model: 'm', version: 3, input: {} }, { stop: 'clip' }],
    };
    const issues = ensemble
      .safeParse(declared)
      .error?.issues.map(({ path, message }) => [path.join('.'), message]);
    expect(issues).toEqual([
      ['nodes.0.input', 'there is no such field; did you mean inputs?'],
      ['nodes.1.step', expect.stringContaining('must name a step')],
    ]);
  });
});
