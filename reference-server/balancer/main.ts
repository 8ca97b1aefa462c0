import { parseArgs } from 'node:util';
import { StartupError } from '../errors.ts';
import { exitWithFatal, stopWhenAsked } from '../lifecycle.ts';
import { type Balancer, type BalancerConfig, balancerConfig } from './balancer.ts';
import { openControl } from './control.ts';
import { startHaproxy } from './haproxy.ts';
import { startNginx } from './nginx.ts';
import { startOwnBalancer } from './own-balancer.ts';

/** A balancer as a process of its own: `main.js --config-json '{…}' [--exit-with-parent]`. */
async function main(): Promise<void> {
  const { config, exitWithParent } = readCommandLine(process.argv.slice(2));
  const balancer = await START[config.kind](config);
  void balancer.died.then((reason) => exitWithFatal(new StartupError(reason, LOOK_ABOVE, 4)));
  for (const replica of config.replicas) await balancer.add(replica);
  const control = await openControl(balancer);
  stopWhenAsked(async () => {
    control.close();
    await balancer.stop();
  }, exitWithParent);
  console.log(JSON.stringify({ listening: balancer.url, control: control.url, pid: process.pid }));
}

const START: Readonly<Record<BalancerConfig['kind'], (config: BalancerConfig) => Promise<Balancer>>> = {
  inferometer: startOwnBalancer,
  haproxy: startHaproxy,
  nginx: startNginx,
};

const LOOK_ABOVE = 'The lines above are its own.';

function readCommandLine(args: readonly string[]): { config: BalancerConfig; exitWithParent: boolean } {
  const options = { 'config-json': { type: 'string' }, 'exit-with-parent': { type: 'boolean' } } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const config = balancerConfig.parse(JSON.parse(values['config-json'] ?? '{}'));
    return { config, exitWithParent: values['exit-with-parent'] ?? false };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StartupError(`the balancer's configuration: ${message}`, "Use --config-json '<json>'.", 3, {
      cause: error,
    });
  }
}

main().catch(exitWithFatal);
