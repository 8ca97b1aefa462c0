import { compileC } from './bench-target.ts';
import type { Contender, Exchange } from './contender.ts';

/** closed-loop.c: what the same exchange costs with next to nothing around the system's calls. */
export function closedLoopInC({ connections, bodyFile = '' }: Exchange): Contender {
  let program: ReturnType<typeof compileC> | undefined;
  const compiled = () => {
    program ??= keptUntilExit(compileC('closed-loop'));
    return program;
  };
  return {
    name: 'closed-loop.c',
    missing() {
      const found = compiled();
      return 'missing' in found ? found.missing : undefined;
    },
    inFlight: connections,
    command({ url }, seconds) {
      const found = compiled();
      const file = 'missing' in found ? 'false' : found.file;
      return [file, new URL(url).port, String(seconds), String(connections), bodyFile];
    },
    claims(output) {
      return output.startsWith('{') ? (JSON.parse(output) as { ok: number; failed: number }) : undefined;
    },
  };
}

function keptUntilExit(program: ReturnType<typeof compileC>): ReturnType<typeof compileC> {
  if ('remove' in program) process.once('exit', program.remove);
  return program;
}
