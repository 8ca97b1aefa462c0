/** Which cores the server and the generator get. undefined: not bound. */
export interface Placement {
  readonly server: readonly number[] | undefined;
  readonly generator: readonly number[] | undefined;
  /** Both use the same cores, so each slows the other down. */
  readonly shared: boolean;
}

/**
 * Different cores for server and generator where there are two. The server asks for one core a model thread and
 * one for its sockets, and gets them as long as one is left for the generator:
 *
 *     2 cores, 1 x 1 thread   [S][G]
 *     8 cores, 1 x 4 threads  [S S S S S][G G G]
 *
 * `available` are the cores that this process may use; empty where they cannot be known.
 */
export function placeOnCores(
  available: readonly number[],
  { threads, instances }: { readonly threads: number; readonly instances: number },
): Placement {
  if (available.length < 2) return { server: undefined, generator: undefined, shared: true };
  const asked = threads * instances + 1;
  const serverCores = Math.min(asked, available.length - 1);
  return {
    server: available.slice(0, serverCores),
    generator: available.slice(serverCores),
    shared: false,
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
