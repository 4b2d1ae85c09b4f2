/** Single keys from a person at a terminal. */
import type { Key } from 'node:readline';

/** A terminal that keys come from. */
export type KeyInput = NodeJS.ReadStream;

/**
 * Hands on each key by its name (`up`, `return`, `escape`) or its letter, until the function that is returned is called.
 * Ctrl-C is a signal, as it always is.
 */
export function onKeys(input: KeyInput, onKey: (key: string) => void): () => void {
  // Few runs take keys, and it takes a while to load.
  process.getBuiltinModule('node:readline').emitKeypressEvents(input);
  const listen = (text: string | undefined, { name, ctrl, meta }: Key) => {
    // In raw mode Ctrl-C is a key like others.
    if (ctrl && name === 'c') process.kill(process.pid, 'SIGINT');
    else if (!ctrl && !meta) onKey(name ?? text ?? '');
  };
  const restore = () => input.setRawMode(false);
  input.on('keypress', listen);
  input.setRawMode(true);
  input.resume();
  // Also where a second Ctrl-C ends the process at once.
  process.once('exit', restore);
  // A shell that had the terminal meanwhile has set it back.
  const resume = () => input.setRawMode(true);
  process.on('SIGCONT', resume);
  return () => {
    process.removeListener('exit', restore);
    process.removeListener('SIGCONT', resume);
    input.removeListener('keypress', listen);
    restore();
    input.pause();
  };
}
