/** A program: `node golden-run.js <model file> <provider> [model]` prints the model's golden outputs as that provider gives them. */
import { argv, stdout } from 'node:process';
import { startInstance } from '../../reference-server/execution/instance.ts';
import type { ProviderChoice } from '../../reference-server/execution/providers.ts';
import { floats, type GoldenModel, goldenRequest } from './goldens.ts';

const [, , modelPath = '', provider = 'auto', model = 'recommender'] = argv;
const instance = await startInstance({
  modelPath,
  threads: 1,
  provider: provider as ProviderChoice,
  maxRows: 1,
});
const outputs: number[][] = [];
for (const index of [0, 1, 2]) {
  const { outputs: parts } = await instance.run([goldenRequest(model as GoldenModel, [index])], 1);
  outputs.push(floats(parts[0]?.[0]?.data ?? new Uint8Array()));
}
await instance.close();
stdout.write(JSON.stringify({ providerRan: instance.providerRan, outputs }));
