import type { ConfigProblem } from '../config-document.ts';
import type { Datatype } from '../infer.ts';
import { nearestName } from '../nearest-name.ts';
import { type DeclaredTensor, type ModelFile, SILENT, type WarmUpSample } from './model-file.ts';
import { tritonEnsemble } from './triton-ensemble.ts';
import { instances, type Notes, threads } from './triton-execution.ts';
import type { Message } from './triton-message.ts';
import { dynamicBatching } from './triton-queue.ts';
import type { VersionPolicy } from './version-policy.ts';

/** Fields that a model configuration of Triton may have at its top and that this server reads but does not act on. */
const NOT_HONOURED = [
  'optimization',
  'model_operations',
  'model_repository_agents',
  'metric_tags',
  'model_metrics',
  'cc_model_filenames',
  'batch_input',
  'batch_output',
  'runtime',
];

const HONOURED = [
  'name',
  'platform',
  'backend',
  'version_policy',
  'max_batch_size',
  'input',
  'output',
  'instance_group',
  'default_model_filename',
  'dynamic_batching',
  'parameters',
  'model_warmup',
  'model_transaction_policy',
  'response_cache',
  'ensemble_scheduling',
];

/** What makes a model one that this server cannot serve at all. */
const REFUSED: Readonly<Record<string, string>> = {
  sequence_batching: 'models with a state between requests are not served here',
};

/**
 * A model configuration as Triton has it (config.pbtxt, or the JSON of a load request) in this server's own terms, or
 * everything that is wrong with it. What is understood and cannot be acted on is listed in `notHonoured`.
 */
export function fromTritonConfig(config: Message, modelName: string): ModelFile | readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const notHonoured: string[] = [];
  const notes: Notes = {
    problem: (message, line) => problems.push(line === undefined ? { message } : { message, line }),
    ignored: (fields) => notHonoured.push(...fields),
  };
  config.onProblem = notes.problem;
  checkFields(config, notes);
  checkKind(config, modelName, notes);
  const read = readModel(config, notes);
  return problems.length > 0 ? problems : { ...read, notHonoured };
}

function checkFields(config: Message, notes: Notes): void {
  for (const { name, line } of config.names()) {
    if (NOT_HONOURED.includes(name)) notes.ignored([name]);
    else if (REFUSED[name] !== undefined) notes.problem(`${name}: ${REFUSED[name]}`, line);
    else if (!HONOURED.includes(name)) {
      const near = nearestName(name, [...HONOURED, ...NOT_HONOURED]);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      notes.problem(`${name}: a model configuration has no such field${hint}`, line);
    }
  }
}

const ONNX_MODEL = [
  ['platform', 'onnxruntime_onnx'],
  ['backend', 'onnxruntime'],
] as const;
const ENSEMBLE = [
  ['platform', 'ensemble'],
  ['backend', ''],
] as const;

function checkKind(config: Message, modelName: string, notes: Notes): void {
  const name = config.text('name');
  if (name !== undefined && name !== '' && name !== modelName) {
    notes.problem(`name: is '${name}', and its folder is '${modelName}'`, config.lineOf('name'));
  }
  const isEnsemble = config.names().some((field) => field.name === 'ensemble_scheduling');
  const kinds = isEnsemble ? ENSEMBLE : ONNX_MODEL;
  for (const [field, own] of kinds) {
    const found = config.text(field);
    if (found === undefined || found === '' || found === own) continue;
    const only = own === '' ? 'an ensemble has none' : `this server runs '${own}' only`;
    notes.problem(`${field}: is '${found}', ${only}`, config.lineOf(field));
  }
  const [policy] = config.messages('model_transaction_policy');
  if (policy?.flag('decoupled') === true) {
    notes.problem('model_transaction_policy: decoupled models are not served here', policy.line);
  }
}

const UNBOUNDED = Number.MAX_SAFE_INTEGER;

function readModel(config: Message, notes: Notes): ModelFile {
  const maxBatchSize = config.integer('max_batch_size', 0);
  const inputs = config.messages('input').map((input) => tensor(input, 'input', maxBatchSize, notes));
  const outputs = config.messages('output').map((output) => tensor(output, 'output', maxBatchSize, notes));
  // Silent on everything, Triton asks the model itself; with tensors and without a batch size there is no batching.
  const silent = maxBatchSize === undefined && inputs.length === 0;
  const [dynamic] = config.messages('dynamic_batching');
  const batched = maxBatchSize !== undefined && maxBatchSize > 0;
  if (dynamic !== undefined && !batched && !silent) {
    notes.problem('dynamic_batching: needs a max_batch_size above 0', dynamic.line);
  }
  const ensemble = tritonEnsemble(config, { inputs, outputs }, notes);
  if (ensemble !== undefined) {
    const versions = versionPolicy(config, notes);
    if (config.messages('response_cache').length > 0)
      notes.ignored(['response_cache (of an ensemble: its models have theirs)']);
    return { ...SILENT, versions, outputs, ensemble };
  }
  const scheduling =
    dynamic === undefined ? undefined : dynamicBatching(dynamic, maxBatchSize || UNBOUNDED, notes);
  const caches = config.messages('response_cache')[0]?.flag('enable');
  return {
    ...SILENT,
    ...(caches === true ? { cachesAsServer: true } : {}),
    settings: {
      ...instances(config, notes),
      ...threads(config, notes),
      queue: scheduling?.queue,
      ...(caches === undefined ? {} : { cache: { kind: caches ? 'local' : 'off' } }),
      batching: { ...(batched ? { maxRows: maxBatchSize } : {}), ...scheduling?.batching },
    },
    versions: versionPolicy(config, notes),
    file: config.text('default_model_filename') || SILENT.file,
    inputs,
    outputs,
    sharesBatches: silent || (batched && dynamic !== undefined),
    warmUp: config.messages('model_warmup').map((sample) => warmUp(sample, notes)),
  };
}

function tensor(
  message: Message,
  kind: 'input' | 'output',
  maxBatchSize: number | undefined,
  notes: Notes,
): DeclaredTensor {
  const name = message.text('name') ?? '';
  if (name === '') notes.problem(`${kind}.name: is missing`, message.line);
  const known = ['name', 'data_type', 'dims', ...(kind === 'output' ? ['label_filename'] : ['optional'])];
  const others = message.others(known, [
    'format',
    'reshape',
    'is_shape_tensor',
    'allow_ragged_batch',
    'is_non_linear_format_io',
  ]);
  notes.ignored(others.map((field) => `${kind} '${name}'.${field}`));
  if (message.flag('optional') === true)
    notes.problem(`input.optional: '${name}' must be given here`, message.line);
  const datatype = datatypeOf(message, `${kind} '${name}'.data_type`, notes);
  const dims = message.integers('dims');
  const labelFile = message.text('label_filename');
  return {
    name,
    ...(datatype === undefined ? {} : { datatype }),
    ...(dims.length === 0 ? {} : { shape: maxBatchSize ? [-1, ...dims] : dims }),
    ...(labelFile === undefined || labelFile === '' ? {} : { labelFile }),
  };
}

const CONFIG_TYPES: Readonly<Record<string, Datatype>> = {
  TYPE_BOOL: 'BOOL',
  TYPE_UINT8: 'UINT8',
  TYPE_UINT16: 'UINT16',
  TYPE_UINT32: 'UINT32',
  TYPE_UINT64: 'UINT64',
  TYPE_INT8: 'INT8',
  TYPE_INT16: 'INT16',
  TYPE_INT32: 'INT32',
  TYPE_INT64: 'INT64',
  TYPE_FP16: 'FP16',
  TYPE_FP32: 'FP32',
  TYPE_FP64: 'FP64',
  TYPE_STRING: 'BYTES',
};

function datatypeOf(message: Message, field: string, notes: Notes): Datatype | undefined {
  const found = message.text('data_type');
  const datatype = found === undefined ? undefined : CONFIG_TYPES[found];
  if (found !== undefined && datatype === undefined) {
    const near = nearestName(found, Object.keys(CONFIG_TYPES));
    notes.problem(
      `${field}: there is no ${found} here${near ? `; did you mean ${near}?` : ''}`,
      message.lineOf('data_type'),
    );
  }
  return datatype;
}

function versionPolicy(config: Message, notes: Notes): VersionPolicy {
  const [policy] = config.messages('version_policy');
  if (policy === undefined) return SILENT.versions;
  policy.others(['latest', 'all', 'specific'], []);
  const [latest] = policy.messages('latest');
  const [all] = policy.messages('all');
  const [specific] = policy.messages('specific');
  if ([latest, all, specific].filter((found) => found !== undefined).length !== 1) {
    notes.problem('version_policy: must be one of latest, all and specific', policy.line);
  }
  if (all !== undefined) return 'all';
  if (specific !== undefined) return { specific: specific.integers('versions').map(String) };
  return { latest: Math.max(1, latest?.integer('num_versions', 0) ?? 1) };
}

function warmUp(sample: Message, notes: Notes): WarmUpSample {
  const name = sample.text('name') ?? '';
  sample.others(['name', 'batch_size', 'inputs', 'count'], []);
  const rows = sample.integer('batch_size', 0) ?? 0;
  const inputs = [...sample.map('inputs')].flatMap(([input, message]) => {
    message.others(['data_type', 'dims', 'zero_data', 'random_data', 'input_data_file'], []);
    if (message.text('input_data_file') !== undefined)
      notes.ignored([`model_warmup '${name}'.input_data_file`]);
    const datatype = datatypeOf(message, `model_warmup '${name}'.data_type`, notes);
    const fill = message.flag('random_data') === true ? ('random' as const) : ('zeros' as const);
    const shape = message.integers('dims');
    return datatype === undefined ? [] : [{ name: input, datatype, shape, fill }];
  });
  return { name, rows, times: Math.max(1, sample.integer('count', 0) ?? 1), inputs };
}
