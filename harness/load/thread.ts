import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';

const PR_SET_TIMERSLACK = 29;
/** linux/sched.h: as any thread; and one that runs when nobody else wants the core. */
const SCHED_OTHER = 0;
const SCHED_IDLE = 5;
/** linux/capability.h. */
const CAP_SYS_NICE = 23n;
/** Room for 1024 cores, as glibc's cpu_set_t. */
const CPU_SET_BYTES = 128;

/** This thread's sleeps end within a nanosecond of slack instead of 50 µs. False where the system cannot. */
export function lowerTimerSlack(): boolean {
  return attempt((libc) => {
    const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
    return prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) === 0;
  });
}

/** Binds this thread, and the threads that it starts later, to the given cores. False where the system cannot. */
export function bindThread(cpus: readonly number[]): boolean {
  if (cpus.length === 0 || cpus.some((cpu) => cpu < 0 || cpu >= CPU_SET_BYTES * 8)) return false;
  return attempt((libc) => {
    const mask = Buffer.alloc(CPU_SET_BYTES);
    for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
    const setAffinity = libc.func('int sched_setaffinity(int, size_t, void *)');
    return setAffinity(0, CPU_SET_BYTES, mask) === 0;
  });
}

/**
 * V8 compiles and collects in threads of its own. One that holds the generator's core when an arrival falls due keeps it
 * for a slice of some milliseconds; put behind, such threads give way at once. But beside a generator that never sleeps
 * they then never run: what it executes stays uncompiled, at twice the cost. So it must be possible to take it back, which
 * takes a privilege (CAP_SYS_NICE). Spares this thread and the main one. False where the system cannot.
 */
export function putOtherThreadsBehind(behind: boolean): boolean {
  if (!mayTakeBack()) return false;
  return attempt((libc) => {
    const setScheduler = libc.func('int sched_setscheduler(int, int, void *)');
    const spared = [String(process.pid), readlinkSync('/proc/thread-self').split('/').pop()];
    const others = readdirSync('/proc/self/task').filter((thread) => !spared.includes(thread));
    const priority = Buffer.alloc(4);
    const policy = behind ? SCHED_IDLE : SCHED_OTHER;
    const refused = others.filter((thread) => setScheduler(Number(thread), policy, priority) !== 0);
    return refused.length === 0;
  });
}

function mayTakeBack(): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_NICE) & 1n) === 1n;
  } catch {
    return false;
  }
}

/** Where /proc keeps this thread's accounts; undefined where there is no /proc. */
export function threadTaskPath(): string | undefined {
  try {
    return `/proc/${readlinkSync('/proc/thread-self')}`;
  } catch {
    return undefined;
  }
}

type Koffi = typeof import('koffi');
type Libc = ReturnType<Koffi['load']>;

/** koffi is native code, loaded only here: where it has no build, threads run unbound and with default slack. */
function attempt(call: (libc: Libc) => boolean): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    return call(koffi.load('libc.so.6'));
  } catch {
    return false;
  }
}
