/** Child processes of tests that talk in lines. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { slowness } from '../../support/slowness.ts';

/** A process that reads TypeScript takes its time to start beside others. */
const PATIENCE_MS = 60_000 * slowness();

export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  tell(line: string): void;
  /** The next line that begins so; rejects where the process ends, or says nothing like it for a while. */
  hear(beginning: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  ended(): Promise<void>;
}

/** Starts a TypeScript file on this Node. */
export function startChild(file: string): Child {
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const heard: string[] = [];
  const over = new AbortController();
  const news = new EventTarget();
  createInterface({ input: child.stdout }).on('line', (line) => {
    heard.push(line);
    news.dispatchEvent(new Event('line'));
  });
  const exit = once(child, 'exit').then(() =>
    over.abort(new Error(`${file} ended; it said: ${heard.join(' | ')}`)),
  );
  return {
    process: child,
    tell: (line) => void child.stdin.write(`${line}\n`),
    async hear(beginning) {
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE_MS)]);
      for (;;) {
        const at = heard.findIndex((line) => line.startsWith(beginning));
        if (at >= 0) return heard.splice(at, 1)[0] ?? '';
        await once(news, 'line', { signal });
      }
    },
    kill: (signal) => void child.kill(signal),
    ended: () => exit,
  };
}
