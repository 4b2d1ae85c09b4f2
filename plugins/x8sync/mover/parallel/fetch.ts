/** Fetches one range of a file or a device. */
import type { SourceAccess } from '../access/source-access.ts';
import type { RangeReceiver } from '../ranges/large-file.ts';
import { fileQueries } from '../ranges/queries.ts';
import { endOnAbort, lastLine } from '../system/programs.ts';
import type { RangeWork } from './large-files.ts';

/** What a connection that broke is told as, where ssh itself does not say so. */
const brokenCode = 255;

/** What a program says in its last words is short. */
const longestComplaint = 4096;

/** How a range came: with code 0 all of it has. */
export interface Fetched {
  /** Of whoever brought it. */
  readonly code: number;
  /** Its last words. */
  readonly said: string;
}

/**
 * Resolves with the exit code of whoever brought it; with 0 only where all of the range has come.
 *
 * @param moved told of bytes as they come.
 * @throws the signal's reason, and what writing to the target throws.
 */
export async function fetchRange(
  source: Pick<SourceAccess, 'stream'>,
  { file, index }: RangeWork,
  moved: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const receiver = file.receiver(index);
  const query = fileQueries.range(file.path, file.ranges[index] ?? []);
  const { code } = await fetchInto(receiver, source, query, moved, signal);
  if (code === 0) file.arrived(index, receiver.digest ?? '');
  return code;
}

/**
 * Hands the answer to a query to a receiver.
 *
 * @param moved told of bytes as they come; what it returns is awaited before more is taken.
 * @throws the signal's reason, and what writing to the target throws.
 */
export async function fetchInto(
  receiver: RangeReceiver,
  source: Pick<SourceAccess, 'stream'>,
  query: string,
  moved: (bytes: number) => void | Promise<void>,
  signal: AbortSignal,
): Promise<Fetched> {
  signal.throwIfAborted();
  const child = source.stream(query);
  using _ = endOnAbort(child, signal);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < longestComplaint) complaint += String(chunk);
  });
  const over = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 128));
  });
  try {
    for await (const chunk of child.stdout) {
      await receiver.take(chunk as Buffer);
      await moved((chunk as Buffer).length);
    }
  } catch (error) {
    child.kill();
    throw error;
  }
  const code = await over;
  signal.throwIfAborted();
  const isWhole = code !== 0 || receiver.digest !== undefined;
  return { code: isWhole ? code : brokenCode, said: lastLine(complaint) };
}
