/** The lab's messages on stderr: a line when a long step begins, and one when it is done. */

const started = Date.now();

/** Prints one line for the person who waits. */
export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

/** Seconds since `begin`, as people read them. */
export function seconds(begin: number = started): string {
  return `${((Date.now() - begin) / 1000).toFixed(1)} s`;
}

/** Does one step of a longer job; a failure names the step. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  try {
    const value = await work();
    // Short steps are not worth a line.
    if (Date.now() - begin > 3_000) say(`${what}: done in ${seconds(begin)}`);
    return value;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StepError(what, message, error);
  }
}

/** A step of bringing the lab up failed. */
export class StepError extends Error {
  override readonly name = 'StepError';
  constructor(what: string, message: string, cause: unknown) {
    super(`${what} failed: ${message}`, { cause });
  }
}
