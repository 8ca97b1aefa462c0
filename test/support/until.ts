const EVERY_MS = 2;

/** Waits, however long the machine takes. A test's own time limit ends what never comes. */
export async function until(
  condition: () => boolean | undefined | Promise<boolean | undefined>,
  everyMs = EVERY_MS,
): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}
