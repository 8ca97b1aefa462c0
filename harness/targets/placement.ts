/** Which cores the server and the generator get. undefined: not bound. */
export interface Placement {
  readonly server: readonly number[] | undefined;
  readonly generator: readonly number[] | undefined;
  /** Both use the same cores, so each slows the other down. */
  readonly shared: boolean;
}

/** How many threads compute. */
export interface Shape {
  readonly threads: number;
  readonly instances: number;
  readonly replicas?: number;
}

/**
 * Different cores for server and generator where there are two. The server asks for one core a model thread and
 * one for its sockets, and gets them as long as one is left for the generator. All its replicas together ask for no more
 * than one server with as many threads, so that they can be compared on the same cores:
 *
 *     2 cores, 1 x 1 thread   [S][G]
 *     8 cores, 1 x 4 threads  [S S S S S][G G G]
 *
 * `available` are the cores that this process may use; empty where they cannot be known.
 */
export function placeOnCores(
  available: readonly number[],
  { threads, instances, replicas = 1 }: Shape,
): Placement {
  if (available.length < 2) return { server: undefined, generator: undefined, shared: true };
  const asked = replicas * threads * instances + 1;
  const serverCores = Math.min(asked, available.length - 1);
  return {
    server: available.slice(0, serverCores),
    generator: available.slice(serverCores),
    shared: false,
  };
}

/**
 * The server's cores, shared out. Each replica gets one for every model thread of its own, and all of them the last one
 * for their sockets, where the balancer is too; with fewer cores than that everything may run on all of them:
 *
 *     5 cores, 4 replicas x 1 thread   [1 s][2 s][3 s][4 s]   balancer [s]
 *     1 core, 2 replicas               [1 2 s]
 *
 * No cores: nothing is bound.
 */
export function placeReplicas(
  cores: readonly number[],
  replicas: number,
  { threads, instances }: Shape,
): { readonly replicas: readonly (readonly number[])[]; readonly balancer: readonly number[] } {
  const each = threads * instances;
  const sockets = cores.slice(-1);
  const enough = cores.length > replicas * each;
  const coresOf = (index: number) => [...cores.slice(index * each, (index + 1) * each), ...sockets];
  return {
    replicas: Array.from({ length: replicas }, (_, index) => (enough ? coresOf(index) : cores)),
    balancer: enough ? sockets : cores,
  };
}

/** `0-2,5` -> [0, 1, 2, 5]: the notation of taskset and of /proc/self/status. */
export function parseCpuList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    });
}
