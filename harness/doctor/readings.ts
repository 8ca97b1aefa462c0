/** What was read of a machine; undefined: the system does not say. Judged in `findings.ts`, gathered in `gather.ts`. */
export interface MachineReadings {
  readonly platform: string;
  readonly nodeVersion: string;
  readonly cores: { readonly usable: number; readonly present: number };
  readonly cpuQuotaCores: number | undefined;
  readonly governor: string | undefined;
  /** Share of the last ten seconds in which some process waited for a CPU, percent. */
  readonly cpuPressurePct: number | undefined;
  /** Share of the CPU time since boot that other virtual machines took, percent. */
  readonly stealPct: number | undefined;
  readonly openFiles: { readonly soft: number; readonly hard: number } | undefined;
  readonly ports: { readonly first: number; readonly last: number; readonly timeWait: number } | undefined;
  readonly somaxconn: number | undefined;
  readonly memory: { readonly availableBytes: number; readonly totalBytes: number };
  /** True: sleeps can be made exact to a nanosecond instead of 50 µs. */
  readonly exactSleeps: boolean;
  /** Why the epoll loop cannot be used; undefined: it can. */
  readonly nativeLoopMissing: string | undefined;
  readonly gpu: { readonly names: readonly string[] } | { readonly missing: string };
  /** Files that name Vulkan drivers. */
  readonly vulkanDrivers: readonly string[];
  /** Whether something listens on 127.0.0.1:6379. */
  readonly redisListens: boolean;
  /** Programs that were looked for, with where they are; undefined: not installed. */
  readonly programs: Readonly<Record<Program, string | undefined>>;
}

export const PROGRAMS = [
  'redis-server',
  'nginx',
  'haproxy',
  'chromium',
  'taskset',
  'wrk',
  'h2load',
  'hey',
] as const;
export type Program = (typeof PROGRAMS)[number];
