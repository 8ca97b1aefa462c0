import { type Problem, UsageError } from '../../harness/errors.ts';

/** What `act` is refused for; a failure of the test if it is not, or for another reason than the user's mistake. */
export function problemsOf(act: () => unknown): readonly Problem[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('was accepted');
}
