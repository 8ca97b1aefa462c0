import { describe, expect, test } from 'vitest';
import type { ModelFile } from '../../../reference-server/models/model-file.ts';
import { parseTextProto } from '../../../reference-server/models/text-proto.ts';
import { fromTritonConfig } from '../../../reference-server/models/triton-config.ts';
import { Message } from '../../../reference-server/models/triton-message.ts';

const read = (text: string) => fromTritonConfig(Message.fromText(parseTextProto(text)), 'ranker');

function understood(text: string): ModelFile {
  const file = read(text);
  if ('settings' in file) return file;
  throw new Error(JSON.stringify(file));
}

function problems(text: string): string[] {
  const found = read(text);
  return 'settings' in found ? [] : found.map(({ line, message }) => `${line}: ${message}`);
}

describe('a config.pbtxt', () => {
  test('as the field writes them', () => {
    const file = understood(`
      name: "ranker"
      platform: "onnxruntime_onnx"
      max_batch_size: 8
      input [
        { name: "x" data_type: TYPE_FP32 dims: [ 3, -1 ] }
      ]
      output { name: "y", data_type: TYPE_STRING, dims: 1 label_filename: "labels.txt" }
      version_policy: { specific { versions: [ 1, 3 ] } }
      instance_group [ { kind: KIND_CPU count: 2 }, { kind: KIND_CPU } ]
      dynamic_batching { max_queue_delay_microseconds: 2500 }
      parameters { key: "intra_op_thread_count" value: { string_value: "4" } }
      default_model_filename: "net.onnx"
      model_warmup {
        name: "one" batch_size: 4 count: 2
        inputs { key: "x" value: { data_type: TYPE_FP32 dims: [ 3, 5 ] random_data: true } }
      }`);
    expect(file).toMatchObject({
      settings: {
        instances: 3,
        provider: 'cpu',
        threads: 4,
        batching: { maxRows: 8, maxDelayMs: 2.5 },
      },
      versions: { specific: ['1', '3'] },
      file: 'net.onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3, -1] }],
      outputs: [{ name: 'y', datatype: 'BYTES', shape: [-1, 1], labelFile: 'labels.txt' }],
      sharesBatches: true,
      warmUp: [
        {
          name: 'one',
          rows: 4,
          times: 2,
          inputs: [{ name: 'x', datatype: 'FP32', shape: [3, 5], fill: 'random' }],
        },
      ],
      notHonoured: [],
    });
  });

  test('how requests wait: preferred sizes, timeouts, priorities', () => {
    const file = understood(`
      max_batch_size: 16
      dynamic_batching {
        preferred_batch_size: [ 8, 4 ]
        preferred_batch_size: 16
        priority_levels: 2
        default_priority_level: 2
        default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1500 allow_timeout_override: true }
        priority_queue_policy { key: 1 value: { default_timeout_microseconds: 500 max_queue_size: 7 } }
      }`);
    expect(file.settings).toMatchObject({
      batching: { maxRows: 16, maxDelayMs: 0, preferredRows: [4, 8, 16] },
      queue: {
        priorityLevels: 2,
        defaultPriority: 2,
        timeoutMs: 1.5,
        timeoutAction: 'defer',
        allowTimeoutOverride: true,
        levels: [{ priority: 1, timeoutMs: 0.5, timeoutAction: 'reject', allowTimeoutOverride: false }],
      },
    });
    expect(file.notHonoured).toEqual([expect.stringContaining('max_queue_size')]);
    expect(
      problems(`max_batch_size: 4
dynamic_batching {
  preferred_batch_size: 8
  priority_levels: 2
  default_queue_policy { timeout_action: WAIT }
}`),
    ).toEqual([
      '3: dynamic_batching.preferred_batch_size: each must be from 1 to 4',
      '2: dynamic_batching.default_priority_level: must be from 1 to 2',
      '5: timeout_action: is WAIT, must be REJECT or DELAY',
    ]);
  });

  test.each([
    ['no word of batching: as the model is', '', true, undefined, undefined],
    ['without dynamic_batching no two requests share', 'max_batch_size: 4', false, 4, undefined],
    ['with it they do', 'max_batch_size: 4 dynamic_batching {}', true, 4, undefined],
    [
      '0: the dims are all there are',
      'max_batch_size: 0 input { name: "x" dims: [1, 3] }',
      false,
      undefined,
      [1, 3],
    ],
    ['tensors alone say the same', 'input { name: "x" dims: [1, 3] }', false, undefined, [1, 3]],
  ])('batching: %s', (_, text, sharesBatches, maxRows, shape) => {
    const file = understood(text);
    expect(file.sharesBatches).toBe(sharesBatches);
    expect(file.settings.batching?.maxRows).toBe(maxRows);
    expect(file.inputs[0]?.shape).toEqual(shape);
  });

  test.each([
    ['version_policy { latest { num_versions: 2 } }', { latest: 2 }],
    ['version_policy: { all { } }', 'all'],
    ['version_policy { latest {} }', { latest: 1 }],
    ['', { latest: 1 }],
  ])('%s', (text, versions) => {
    expect(understood(text).versions).toEqual(versions);
  });

  test('what is read and not acted on is told, field by field', () => {
    const file = understood(`
      optimization { graph { level: 1 } }
      instance_group { gpus: [ 0 ] count: 1 }
      max_batch_size: 2
      dynamic_batching { preserve_ordering: true }
      parameters { key: "enable_mem_arena" value: { string_value: "1" } }
      input { name: "x" format: FORMAT_NCHW }`);
    expect([...file.notHonoured].sort()).toEqual([
      'dynamic_batching.preserve_ordering',
      "input 'x'.format",
      'instance_group.gpus',
      'optimization',
      "parameters 'enable_mem_arena'",
    ]);
  });

  test.each([
    ['response_cache { enable: true }', { kind: 'local' }],
    ['response_cache { enable: false }', { kind: 'off' }],
    ['response_cache { }', undefined],
    ['', undefined],
  ])('whether answers are kept: %s', (text, cache) => {
    expect(understood(text).settings.cache).toEqual(cache);
  });

  test('every problem at once, each with its line and the name that was meant', () => {
    expect(
      problems(`name: "other"
platform: "tensorrt_plan"
max_bach_size: 4
input { name: "x" data_type: TYPE_FP31 dim: 3 }
instance_group { count: "many" }
sequence_batching { }
version_policy { latest {} all {} }`),
    ).toEqual([
      '3: max_bach_size: a model configuration has no such field; did you mean max_batch_size?',
      '6: sequence_batching: models with a state between requests are not served here',
      "1: name: is 'other', and its folder is 'ranker'",
      "2: platform: is 'tensorrt_plan', this server runs 'onnxruntime_onnx' only",
      '4: input.dim: there is no such field here',
      "4: input 'x'.data_type: there is no TYPE_FP31 here; did you mean TYPE_FP32?",
      '5: instance_group.count: must be a whole number from 0',
      '7: version_policy: must be one of latest, all and specific',
    ]);
  });

  const ENSEMBLE = `platform: "ensemble"
max_batch_size: 4
input { name: "TEXT" data_type: TYPE_STRING dims: 1 }
output { name: "SCORE" data_type: TYPE_FP32 dims: 3 label_filename: "labels.txt" }
ensemble_scheduling {
  step [
    { model_name: "cut" model_version: -1 input_map { key: "text" value: "TEXT" } output_map { key: "ids" value: "IDS" } },
    { model_name: "score" model_version: 2
      input_map { key: "a" value: "IDS" } input_map { key: "b" value: "IDS" } output_map { key: "y" value: "SCORE" } }
  ]
}
response_cache { enable: true }`;

  test('an ensemble: its steps are models, wired by names', () => {
    expect(understood(ENSEMBLE)).toMatchObject({
      settings: {},
      notHonoured: ['response_cache (of an ensemble: its models have theirs)'],
      outputs: [{ name: 'SCORE', labelFile: 'labels.txt' }],
      ensemble: {
        inputs: [{ name: 'TEXT', datatype: 'BYTES', shape: [-1, 1] }],
        outputs: [{ name: 'SCORE', datatype: 'FP32', shape: [-1, 3] }],
        nodes: [
          { model: 'cut', inputs: { text: 'TEXT' }, outputs: { ids: 'IDS' } },
          { model: 'score', version: '2', inputs: { a: 'IDS', b: 'IDS' }, outputs: { y: 'SCORE' } },
        ],
        maxRows: 4,
      },
    });
  });

  test('what an ensemble has wrong, or cannot have', () => {
    expect(
      problems(`backend: "onnxruntime"
instance_group { count: 2 }
input { name: "x" dims: 1 }
ensemble_scheduling { step { input_map { key: "x" value: 3 } } }
dynamic_batching { }`),
    ).toEqual([
      "1: backend: is 'onnxruntime', an ensemble has none",
      '5: dynamic_batching: needs a max_batch_size above 0',
      '2: instance_group: an ensemble runs nothing itself, say it for its models',
      '5: dynamic_batching: an ensemble runs nothing itself, say it for its models',
      '4: ensemble_scheduling: an ensemble must declare its input and output',
      "3: input 'x': an ensemble needs its data_type and dims",
      '4: ensemble_scheduling.step.model_name: is missing',
      '4: ensemble_scheduling.step.input_map.value: must be text',
    ]);
  });

  test('an ensemble from the JSON of a load request', () => {
    const json = {
      platform: 'ensemble',
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1, 3] }],
      output: [{ name: 'y', data_type: 'TYPE_FP32', dims: [-1, 3] }],
      ensemble_scheduling: {
        step: [{ model_name: 'key', input_map: { key: 'x' }, output_map: { value: 'y' } }],
      },
    };
    expect(fromTritonConfig(Message.fromJson(json), 'ranker')).toMatchObject({
      ensemble: { nodes: [{ model: 'key', inputs: { key: 'x' }, outputs: { value: 'y' } }] },
    });
  });

  test('the same from the JSON of a load request', () => {
    const json = {
      max_batch_size: 8,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['3'] }],
      dynamic_batching: { max_queue_delay_microseconds: '100' },
      parameters: { intra_op_thread_count: { string_value: '2' } },
      version_policy: { specific: { versions: [2] } },
    };
    expect(fromTritonConfig(Message.fromJson(json), 'ranker')).toMatchObject({
      settings: { threads: 2, batching: { maxRows: 8, maxDelayMs: 0.1 } },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      versions: { specific: ['2'] },
    });
  });
});
