import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Stands in for the reference server: announces itself and answers the control plane, no inference.
 * The model's source says how it misbehaves: `fatal`, `silent`, `chatty`, `dies`, `stubborn`, `parent`, `other-settings`.
 */
interface Config {
  readonly models: readonly { readonly name: string; readonly source: string }[];
  readonly instances: number;
  readonly threads: number;
  readonly provider: string;
  readonly batching: Readonly<Record<string, number>>;
}

const config = JSON.parse(process.argv[process.argv.indexOf('--config-json') + 1] ?? '{}') as Config;
const model = config.models[0] ?? { name: '', source: '' };
const behaves = (how: string) => model.source.includes(how);

const answers: Readonly<Record<string, unknown>> = {
  '/v2/health/ready': {},
  [`/v2/models/${model.name}`]: {
    name: model.name,
    versions: ['1'],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }],
    outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1, 2] }],
  },
  [`/v2/models/${model.name}/config`]: {
    inferometer: {
      ...config.batching,
      ...(behaves('other-settings') ? { maxRows: 4 } : {}),
      instances: config.instances,
      threads: config.threads,
      provider: config.provider,
      providerRan: 'cpu',
    },
  },
  [`/v2/models/${model.name}/stats`]: {
    model_stats: [{ name: model.name, inference_count: 3, execution_count: 2, inferometer: { arrivals: 5 } }],
  },
};

if (behaves('fatal')) {
  console.error('{"level":30,"msg":"starting"}');
  console.error(JSON.stringify({ fatal: 'The model file is damaged.', advice: 'Copy it again.' }));
  process.exit(4);
}
if (behaves('dies')) setTimeout(() => process.exit(7), 300);
if (behaves('stubborn')) process.on('SIGTERM', () => console.error('not now'));
if (behaves('parent')) {
  const sleeper = spawn('sleep', ['300'], { stdio: 'inherit' });
  console.error(`sleeper ${sleeper.pid}`);
}
// As the real one with --exit-with-parent: the end of stdin is the end of the harness.
process.stdin.on('end', () => process.exit(0)).resume();

const server = createServer((request, response) => {
  const answer = answers[request.url ?? ''];
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer ?? { error: `no such address ${request.url}` }));
});
server.listen(0, '127.0.0.1', () => {
  if (behaves('silent')) return;
  if (behaves('chatty')) console.log('{"level":30,"msg":"loading"}');
  const { port } = server.address() as AddressInfo;
  console.log(
    JSON.stringify({
      listening: `http://127.0.0.1:${port}`,
      pid: process.pid,
      models: [model.name],
      providerRan: 'cpu',
    }),
  );
});
