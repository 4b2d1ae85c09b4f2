/** How a copy reads the source: over SSH, or from a volume that the same pod has mounted. */
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { Ran } from '../system/programs.ts';

export interface SourceAccess {
  /** Where the source answered, for the person; empty while it has not. */
  readonly address: string;
  /** The source's root as rsync's operand. */
  readonly rsyncSource: string;
  /** Milliseconds that opening it took at last; 0 where there is nothing to open. */
  readonly openedInMs: number;
  /** OpenSSH's configuration file for it; undefined where rsync reads the volume itself. */
  readonly sshConfig: string | undefined;
  /** A further access, for a stream that copies beside this one; it is to be opened. @param number from 1. */
  another(number: number, options: CopyOptions, runtime: Runtime): SourceAccess;
  /** @throws Unreachable, WrongKey, MoverExit */
  open(): Promise<void>;
  close(): Promise<void>;
  /** Where it broke: closes it and opens it again, after so many milliseconds. @throws the signal's reason, and as `open` */
  reopen(afterMs?: number): Promise<void>;
  /** Runs what needs the source, and again over a new connection where it broke. */
  persist<Result extends Pick<Ran, 'code'>>(attempt: () => Promise<Result>): Promise<Result>;
  /** Asks once, by whatever connection is open. */
  askOnce(query: string): Promise<Ran>;
  /** @throws QueryFailed, and what `open` throws. */
  ask(query: string): Promise<string>;
  /** Asks what is answered at length; whoever reads the answer ends the process. */
  stream(query: string): ChildProcessByStdio<null, Readable, Readable>;
}
