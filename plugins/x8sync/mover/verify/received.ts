/** The source's manifest, as it comes through the connection. */
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Entry, ManifestReader } from '../manifest/entry.ts';
import { LineSplitter } from '../system/lines.ts';
import { endOnAbort, lastLine } from '../system/programs.ts';

/** The source's manifest did not come whole: its side failed, or the connection broke. */
export class BrokenManifest extends Error {
  /** The exit code of ssh, which is that of the source's side where the connection held. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a program says in its last words is short. */
const longestComplaint = 4096;

/**
 * Reads what a process prints as a manifest, as fast as it is asked for: a source that is ahead waits.
 *
 * @throws BrokenManifest where the last line does not come, or the process fails.
 */
export async function* receiveManifest(
  child: ChildProcessByStdio<null, Readable, Readable>,
  signal: AbortSignal,
): AsyncGenerator<readonly Entry[]> {
  using _ = endOnAbort(child, signal);
  const exited = exitOf(child);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < longestComplaint) complaint += String(chunk);
  });
  const reader = new ManifestReader();
  try {
    yield* entriesOf(child.stdout, reader);
    const code = await exited;
    signal.throwIfAborted();
    if (code !== 0 || !reader.whole) throw new BrokenManifest(code, lastLine(complaint) || cutOff);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BrokenManifest) throw error;
    throw new BrokenManifest(0, (error as Error).message);
  } finally {
    child.kill();
  }
}

const cutOff = "the source's manifest was cut off";

async function* entriesOf(stdout: Readable, reader: ManifestReader): AsyncGenerator<readonly Entry[]> {
  let entries: Entry[] = [];
  const lines = new LineSplitter((line) => {
    const entry = reader.line(line);
    if (entry) entries.push(entry);
  });
  for await (const chunk of stdout) {
    lines.push(chunk as Buffer);
    if (entries.length > 0) yield entries;
    entries = [];
  }
}

function exitOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 128));
  });
}
