/** Yes or no, from a person at a terminal. */
import { UsageError } from '../errors.ts';
import { forTerminal } from '../plain-text.ts';

export interface ConfirmOptions {
  readonly input: NodeJS.ReadableStream & { isTTY?: boolean };
  /** stderr: stdout is for data. */
  readonly output: NodeJS.WritableStream & { isTTY?: boolean };
  readonly signal: AbortSignal;
  /** What is agreed to by a yes, line by line; it is shown with the question, whatever else is silent. */
  readonly about?: readonly string[];
}

/**
 * Asks, and takes only `y` or `yes` for a yes. Rejects with a UsageError where nobody can answer, and with
 * the signal's reason when it is aborted. Never ask while a live list is on the screen.
 */
export async function confirm(
  question: string,
  { input, output, signal, about = [] }: ConfirmOptions,
): Promise<boolean> {
  if (!input.isTTY || !output.isTTY)
    throw new UsageError(`no terminal to ask on: ${question}`, {
      details: [...about],
      hint: 'pass --yes to go on without a question',
    });
  // Few runs ask, and it takes a while to load.
  const { createInterface } = await import('node:readline/promises');
  output.write(forTerminal(about.map((line) => `${line}\n`).join('')));
  const terminal = createInterface({ input, output });
  // In raw mode Ctrl-C is a key for readline, not a signal; pass it on to who handles signals.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  // Ctrl-D closes the terminal and leaves the question open for ever.
  const closed = new Promise<string>((resolve) => terminal.on('close', () => resolve('')));
  try {
    const answer = await Promise.race([
      terminal.question(`${forTerminal(question)} [y/N] `, { signal }),
      closed,
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
  }
}
