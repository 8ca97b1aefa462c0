/** The process exit codes, in order of precedence 4 > 3 > 1 > 2 (see `worstExit`). */
export const EXIT = {
  ok: 0,
  gateFailed: 1,
  cannotAnswer: 2,
  usage: 3,
  targetOrInternal: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One mistake in what the user gave: where it is, what is wrong, what to do about it. */
export interface Problem {
  /** The whole sentence: what was found and what is allowed. */
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  /** Dotted path of the field, as in `--set`. */
  readonly field?: string;
  /** What to do: the nearest name, the missing unit, the command to run. */
  readonly advice?: string;
}

/** A mistake in usage or in a scenario. Carries every problem that was found, not the first. Exit 3. */
export class UsageError extends Error {
  readonly problems: readonly Problem[];
  readonly exitCode = EXIT.usage;

  constructor(problems: readonly Problem[] | string, advice?: string) {
    const list =
      typeof problems === 'string'
        ? [advice === undefined ? { message: problems } : { message: problems, advice }]
        : problems;
    super(list.map(describeProblem).join('\n'));
    this.name = 'UsageError';
    this.problems = list;
  }
}

/** The thing under test, or the machine around it, failed: port in use, server died, disk full. Exit 4. */
export class TargetError extends Error {
  readonly exitCode = EXIT.targetOrInternal;
  readonly advice: string | undefined;

  constructor(message: string, advice?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TargetError';
    this.advice = advice;
  }
}

/** `file:line field: message (advice)` on one line, leaving out what is unknown. */
export function describeProblem(problem: Problem): string {
  const place = [problem.file, problem.line].filter((part) => part !== undefined).join(':');
  const field = problem.field === undefined ? '' : `${problem.field}: `;
  const advice = problem.advice === undefined ? '' : `\n    ${problem.advice}`;
  return `${place === '' ? '' : `${place}  `}${field}${problem.message}${advice}`;
}

const PRECEDENCE: readonly ExitCode[] = [
  EXIT.interrupted,
  EXIT.targetOrInternal,
  EXIT.usage,
  EXIT.gateFailed,
  EXIT.cannotAnswer,
  EXIT.ok,
];

/** The exit code that wins when several apply. */
export function worstExit(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.ok;
}

/** The name in `known` closest to `given` by edit distance, or undefined when nothing is near. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
