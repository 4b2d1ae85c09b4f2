/** A password, from a person at a terminal or from another program. */
import { UsageError } from '../errors.ts';
import { forTerminal } from '../plain-text.ts';
import type { ConfirmOptions } from './confirm.ts';

/** Bytes of standard input that are read; no password is longer. */
const MOST_BYTES = 4096;

/**
 * Asks twice on a terminal, without showing what is typed; else takes the first line of the input.
 * @throws {UsageError} the two differ, or there is nothing
 */
export async function askPassword(question: string, options: ConfirmOptions): Promise<string> {
  if (!options.input.isTTY) return firstLine(options);
  const first = await typed(`${question}: `, options);
  if (first === '') throw new UsageError('There is no password.');
  const second = await typed('Once more: ', options);
  if (first !== second) throw new UsageError('The two passwords differ.');
  return first;
}

/** @throws the signal's reason when it is aborted */
async function firstLine({ input, signal }: ConfirmOptions): Promise<string> {
  const stop = () => (input as unknown as { destroy(): void }).destroy();
  signal.addEventListener('abort', stop, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of input) {
      const part = Buffer.from(chunk as string | Uint8Array);
      chunks.push(part);
      bytes += part.length;
      if (bytes > MOST_BYTES || part.includes('\n')) break;
    }
  } catch (error) {
    // What is destroyed while it is read ends with an error of its own.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  const [line = ''] = Buffer.concat(chunks).toString().split(/\r?\n/);
  if (line === '') throw new UsageError('There is no password on standard input.');
  return line;
}

async function typed(question: string, { input, output, signal }: ConfirmOptions): Promise<string> {
  const [{ createInterface }, { Writable }] = await Promise.all([
    import('node:readline/promises'),
    import('node:stream'),
  ]);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: silence, terminal: true });
  // In raw mode Ctrl-C is a key for readline, not a signal; pass it on to who handles signals.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const closed = new Promise<string>((resolve) => terminal.on('close', () => resolve('')));
  output.write(forTerminal(question));
  try {
    return await Promise.race([terminal.question('', { signal }), closed]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
    output.write('\n');
  }
}
