import type { Options } from 'yargs';
import { DEFAULT_OUT_FOLDER } from '../record/folder-names.ts';

/** The flags of each verb: what they are called, what they default to, what the help says. */
export const RUN_FLAGS = {
  'dry-run': { type: 'boolean', default: false, describe: 'say what would be done; send nothing' },
  set: { type: 'string', array: true, default: [] as string[], describe: 'path=value, over the file' },
  quick: {
    type: 'boolean',
    default: false,
    describe: 'a third of every time (the rates and shapes stay), one trial',
  },
  trials: { type: 'number', describe: 'independent repetitions of every case' },
  seed: { type: 'number', describe: 'of schedules, payloads and order' },
  url: { type: 'string', describe: 'drive this server instead of the bundled one' },
  protocol: { type: 'string', describe: 'of that server: oip-rest, oip-grpc, http or grpc' },
  model: { type: 'string', describe: 'its name on that server, or a bundled model' },
  'as-found': { type: 'boolean', default: false, describe: 'measure the one setting a server runs' },
  raw: { type: 'boolean', default: false, describe: 'keep every request, 64 bytes each' },
  json: { type: 'boolean', default: false, describe: 'print the record and nothing else' },
  out: { type: 'string', default: DEFAULT_OUT_FOLDER, describe: 'folder of the results' },
} as const satisfies Flags;

export const SERVE_FLAGS = {
  model: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'name or path; without any model: recommender',
  },
  models: { type: 'string', describe: 'folder of models: <model>/<version>/model.onnx' },
  control: {
    choices: ['none', 'explicit', 'poll'],
    default: 'none',
    describe: 'of that folder: all at the start, load and unload by request, or follow its changes',
  },
  config: { type: 'string', describe: 'a YAML file that says everything, instead of flags' },
  'print-config': { type: 'boolean', default: false, describe: 'such a file, with every field explained' },
  host: { type: 'string', default: '127.0.0.1', describe: 'address to listen on' },
  port: { type: 'number', default: 8000, describe: '0 for any free port' },
  'grpc-port': { type: 'number', describe: 'speak gRPC there too, 8001 as a rule' },
  instances: { type: 'number', default: 1, describe: 'sessions, each in a thread' },
  threads: { type: 'number', default: 1, describe: 'intra-op threads an instance' },
  provider: {
    choices: ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt'],
    default: 'auto',
    describe: 'what computes',
  },
  'max-rows': { type: 'number', default: 32, describe: 'largest batch; 1 is no batching' },
  'max-delay': { type: 'string', default: '0ms', describe: 'the oldest request waits at most' },
  'max-queue': { type: 'string', default: '512 rows', describe: 'beyond it: 503' },
  'in-flight': { type: 'number', default: 1, describe: 'batches handed to an instance at once' },
} as const satisfies Flags;

const JSON_FLAG = {
  json: { type: 'boolean', default: false, describe: 'print JSON and nothing else' },
} as const satisfies Flags;

export const REPORT_FLAGS = {
  'from-raw': {
    type: 'boolean',
    default: false,
    describe: 'every figure anew, from the requests kept by --raw',
  },
} as const satisfies Flags;

export const COMPARE_FLAGS = JSON_FLAG;

export const GATE_FLAGS = {
  budget: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: "'p99<50ms @ batch=32,load=40%'; default: the scenario's gates",
  },
  'on-inconclusive': {
    choices: ['fail', 'warn'],
    default: 'fail',
    describe: 'exit 2 or 0 where the run cannot tell',
  },
  junit: { type: 'string', describe: 'also write JUnit XML to this file' },
  ...JSON_FLAG,
} as const satisfies Flags;

export const COST_FLAGS = {
  price: { type: 'string', describe: 'aws/c7i.large; own/name:... for own hardware' },
  prices: { type: 'string', describe: 'a CSV of prices of your own' },
  term: { type: 'string', describe: 'on-demand or spot; default: what the scenario says' },
  traffic: { type: 'string', describe: '500/s, `500/s peak 1250/s`, or a CSV of a day' },
  headroom: { type: 'string', default: '30%', describe: 'of the capacity, kept free' },
  spare: { type: 'number', default: 1, describe: 'machines that may die' },
  ...JSON_FLAG,
} as const satisfies Flags;

export const DOCTOR_FLAGS = {
  measure: {
    type: 'boolean',
    default: false,
    describe: 'also measure what this machine can measure, in 30 s',
  },
  out: { type: 'string', default: DEFAULT_OUT_FOLDER, describe: 'folder of the results' },
  ...JSON_FLAG,
} as const satisfies Flags;

type Flags = Readonly<Record<string, Options>>;

/** Verb -> the flags that it knows, for the nearest name of one that it does not. */
export const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  run: Object.keys(RUN_FLAGS),
  list: [],
  explain: [],
  report: Object.keys(REPORT_FLAGS),
  requests: [],
  compare: Object.keys(COMPARE_FLAGS),
  gate: Object.keys(GATE_FLAGS),
  cost: Object.keys(COST_FLAGS),
  serve: Object.keys(SERVE_FLAGS),
  doctor: Object.keys(DOCTOR_FLAGS),
};
