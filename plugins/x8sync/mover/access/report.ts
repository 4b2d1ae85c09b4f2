/** The last line: how it ended. The plugin believes this line, and Kubernetes the exit code that goes with it. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { exitCodeOf, formatMessage, type Messages, type MoverOutcome } from '../protocol/protocol.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { MoverExit } from './exit.ts';

/** A copy of files, or of a device. */
export interface MoverRun {
  /** How it ended. Never rejects. */
  ended(): Promise<MoverExit>;
  /** Leaves nothing behind that nobody will go on with. */
  leave(): Promise<void>;
  endOf(ending: MoverExit): Omit<Messages['end'], 'seconds'>;
}

/** Kubernetes keeps 4096 bytes of what a container leaves for its pod's status. */
const mostBytes = 4000;

/**
 * Leaves the end line for the pod's status: it outlives the log, and is read where the log's stream broke. Without
 * the names that could not be copied, and not at all where it is too long.
 */
export function noteTermination(path: string, end: Messages['end']): void {
  const line = formatMessage('end', { ...end, failures: [] });
  if (Buffer.byteLength(line) >= mostBytes || !isWritable(path)) return;
  writeFileSync(path, `${line}\n`);
}

/** Ends a run before anything was begun; resolves with the process's exit code once the end line is out. */
export function decline(
  run: Readonly<Record<'nonce' | 'task' | 'mode', string>>,
  outcome: MoverOutcome,
  message: string,
  { paths, messages }: Pick<Runtime, 'paths' | 'messages'>,
): number {
  const code = exitCodeOf(outcome);
  const nothing = { stats: {}, failures: [], lost: [], losses: [], attempts: 0, seconds: 0 };
  const end = { ...run, code, outcome, message, ...nothing };
  noteTermination(paths.terminationLog, end);
  messages.write('end', end);
  return code;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
