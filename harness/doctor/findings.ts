import { PRESSURE_PCT, STEAL_PCT } from '../run/cases/host-notices.ts';
import type { MachineReadings, Program } from './readings.ts';

/** One line of the doctor: `missing` is something optional that is not there. */
export interface Finding {
  readonly id: string;
  readonly status: 'ok' | 'warn' | 'missing';
  readonly found: string;
  /** What to do; always there unless the status is ok. */
  readonly advice?: string;
}

const OLDEST_NODE = [20, 20] as const;
/** Connections of the default in-flight cap, and as many again. */
const ENOUGH_FILES = 4096;
const ENOUGH_PORTS = 20_000;
const ENOUGH_BACKLOG = 1024;
const ENOUGH_MEMORY_BYTES = 2 ** 30;

/** What the readings mean for measuring on this machine, in the order in which it matters. Pure. */
export function findings(readings: MachineReadings): Finding[] {
  return [
    node(readings),
    cores(readings),
    quota(readings),
    governor(readings),
    pressure(readings),
    steal(readings),
    openFiles(readings),
    ports(readings),
    backlog(readings),
    memory(readings),
    sleeps(readings),
    epoll(readings),
    gpu(readings),
    vulkan(readings),
    redis(readings),
    balancers(readings),
    chromium(readings),
    taskset(readings),
    peers(readings),
  ];
}

function ok(id: string, found: string): Finding {
  return { id, status: 'ok', found };
}

function warn(id: string, found: string, advice: string): Finding {
  return { id, status: 'warn', found, advice };
}

function missing(id: string, found: string, advice: string): Finding {
  return { id, status: 'missing', found, advice };
}

const NOTHING_TO_DO = 'Nothing to do: what depends on it is left out of records, with this reason.';

function node({ nodeVersion }: MachineReadings): Finding {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [oldMajor, oldMinor] = OLDEST_NODE;
  const isOld = major < oldMajor || (major === oldMajor && minor < oldMinor);
  return isOld
    ? warn('node', `Node ${nodeVersion}`, `Install Node ${oldMajor}.${oldMinor} or newer.`)
    : ok('node', `Node ${nodeVersion}`);
}

function cores({ cores: { usable, present } }: MachineReadings): Finding {
  const found = usable === present ? `${usable} cores` : `${usable} of ${present} cores may be used`;
  if (usable >= 2) return ok('cores', found);
  return warn(
    'cores',
    found,
    'Server and generator need a core each: use a larger machine, or drive a server on another one.',
  );
}

function quota({ cpuQuotaCores, cores: { usable } }: MachineReadings): Finding {
  if (cpuQuotaCores === undefined) return ok('cpu-quota', 'no CPU quota');
  const found = `a quota of ${cpuQuotaCores} cores`;
  if (cpuQuotaCores >= usable) return ok('cpu-quota', found);
  return warn(
    'cpu-quota',
    `${found} on ${usable}`,
    'A quota holds processes back for tens of milliseconds: raise it to whole cores, or remove it.',
  );
}

function governor({ governor: found }: MachineReadings): Finding {
  if (found === undefined) return ok('governor', 'none to set (as on most virtual machines)');
  if (found === 'performance') return ok('governor', found);
  return warn(
    'governor',
    found,
    'cpupower frequency-set -g performance: at low load a slower clock looks like a slower server.',
  );
}

function pressure({ cpuPressurePct }: MachineReadings): Finding {
  if (cpuPressurePct === undefined)
    return missing(
      'pressure',
      'pressure (PSI) cannot be read',
      'Boot with psi=1 to have waits for a CPU named as the cause of lag.',
    );
  const found = `some process waited for a CPU ${percent(cpuPressurePct)} of the last 10 s`;
  if (cpuPressurePct <= PRESSURE_PCT) return ok('pressure', found);
  return warn('pressure', found, 'Stop what else runs here before measuring.');
}

function steal({ stealPct }: MachineReadings): Finding {
  if (stealPct === undefined) return missing('steal', 'stolen CPU time cannot be read', NOTHING_TO_DO);
  const found = `other virtual machines took ${percent(stealPct)} of the CPU time since boot`;
  if (stealPct <= STEAL_PCT) return ok('steal', found);
  return warn('steal', found, 'Expect longer tails; use a dedicated machine for figures to be quoted.');
}

function openFiles({ openFiles: limit }: MachineReadings): Finding {
  if (limit === undefined) return missing('open-files', 'the limit cannot be read', NOTHING_TO_DO);
  const found = `${limit.soft} open files at most (ulimit -n)`;
  if (limit.soft >= ENOUGH_FILES) return ok('open-files', found);
  const advice = `ulimit -n ${Math.min(65_536, Math.max(limit.hard, limit.soft))}: a connection takes one, on the client and on the server.`;
  return warn('open-files', found, advice);
}

function ports({ ports: range }: MachineReadings): Finding {
  if (range === undefined) return missing('ports', 'the range cannot be read', NOTHING_TO_DO);
  const all = range.last - range.first + 1;
  const found = `${all - range.timeWait} of ${all} local ports free, ${range.timeWait} in TIME_WAIT`;
  if (all - range.timeWait >= ENOUGH_PORTS) return ok('ports', found);
  return warn(
    'ports',
    found,
    'sysctl net.ipv4.ip_local_port_range="1024 65535", and wait a minute for TIME_WAIT to pass.',
  );
}

function backlog({ somaxconn }: MachineReadings): Finding {
  if (somaxconn === undefined) return missing('backlog', 'somaxconn cannot be read', NOTHING_TO_DO);
  const found = `somaxconn ${somaxconn}`;
  if (somaxconn >= ENOUGH_BACKLOG) return ok('backlog', found);
  return warn(
    'backlog',
    found,
    `sysctl net.core.somaxconn=4096: a server that is given many connections at once loses some for a second.`,
  );
}

function memory({ memory: { availableBytes, totalBytes } }: MachineReadings): Finding {
  const found = `${gib(availableBytes)} of ${gib(totalBytes)} GiB free`;
  if (availableBytes >= ENOUGH_MEMORY_BYTES) return ok('memory', found);
  return warn('memory', found, 'Free some: a machine that swaps measures its disk.');
}

function sleeps({ exactSleeps }: MachineReadings): Finding {
  if (exactSleeps) return ok('sleeps', 'timer slack can be set: sleeps end when they should');
  return warn(
    'sleeps',
    'timer slack cannot be set (koffi has no build here, or this is not Linux)',
    'Arrivals are up to 0.1 ms later; measure on Linux for sub-millisecond schedules.',
  );
}

function epoll({ nativeLoopMissing }: MachineReadings): Finding {
  if (nativeLoopMissing === undefined) return ok('epoll', 'epoll_pwait2: our own event loop can be used');
  return missing(
    'epoll',
    `our own event loop cannot be used: ${nativeLoopMissing}`,
    "Node's sockets are used instead, at about 1.1 times the CPU; Linux 5.11 or newer has what is missing.",
  );
}

function gpu({ gpu: found }: MachineReadings): Finding {
  if ('names' in found) return ok('gpu', `NVML: ${found.names.join(', ')}`);
  return missing(
    'gpu',
    found.missing,
    'Without a GPU there is nothing to do; otherwise install the NVIDIA driver.',
  );
}

function vulkan({ vulkanDrivers }: MachineReadings): Finding {
  if (vulkanDrivers.length > 0) return ok('vulkan', `drivers: ${vulkanDrivers.join(', ')}`);
  return missing(
    'vulkan',
    'no Vulkan driver, which the webgpu provider needs',
    "Install the GPU's driver, or chromium, whose software driver VK_DRIVER_FILES can name.",
  );
}

function redis({ redisListens, programs }: MachineReadings): Finding {
  if (redisListens) return ok('redis', 'a server listens on 127.0.0.1:6379, the port of Redis');
  const path = programs['redis-server'];
  if (path !== undefined) return ok('redis', path);
  return missing('redis', 'no Redis', 'Install redis-server to measure with a Redis cache.');
}

function balancers({ programs }: MachineReadings): Finding {
  return present('balancers', programs, ['nginx', 'haproxy'], 'Install one to measure behind a balancer.');
}

function chromium({ programs }: MachineReadings): Finding {
  return present('chromium', programs, ['chromium'], 'Needed only to test reports in a browser.');
}

function taskset({ programs }: MachineReadings): Finding {
  const advice = 'Install util-linux: without it server and generator move between cores.';
  return programs.taskset === undefined
    ? warn('taskset', 'no taskset', advice)
    : ok('taskset', programs.taskset);
}

function peers({ programs }: MachineReadings): Finding {
  return present(
    'peers',
    programs,
    ['wrk', 'h2load', 'hey'],
    'Install them to compare; autocannon and grpc-js come along.',
  );
}

/** Ok when one is there; those that are not are named. */
function present(
  id: string,
  programs: MachineReadings['programs'],
  wanted: readonly Program[],
  advice: string,
): Finding {
  const there = wanted.filter((name) => programs[name] !== undefined);
  const not = wanted.filter((name) => programs[name] === undefined);
  const absent = not.length === 0 ? '' : `no ${not.join(', no ')}`;
  if (there.length === 0) return missing(id, absent, advice);
  const found = there.map((name) => programs[name]).join(', ');
  return ok(id, absent === '' ? found : `${found}; ${absent}`);
}

function percent(value: number): string {
  return `${Number(value.toPrecision(2))} %`;
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
