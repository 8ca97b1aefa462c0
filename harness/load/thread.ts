import { readdirSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';

const PR_SET_TIMERSLACK = 29;
/** linux/sched.h: runs when nobody else wants the core. */
const SCHED_IDLE = 5;
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
 * for a slice of some milliseconds; after this call such threads give way at once. It takes no privilege, spares this
 * thread and the main one, and cannot be undone. False where the system cannot.
 */
export function putOtherThreadsBehind(): boolean {
  return attempt((libc) => {
    const setScheduler = libc.func('int sched_setscheduler(int, int, void *)');
    const spared = [String(process.pid), readlinkSync('/proc/thread-self').split('/').pop()];
    const others = readdirSync('/proc/self/task').filter((thread) => !spared.includes(thread));
    const priority = Buffer.alloc(4);
    const refused = others.filter((thread) => setScheduler(Number(thread), SCHED_IDLE, priority) !== 0);
    return refused.length === 0;
  });
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
