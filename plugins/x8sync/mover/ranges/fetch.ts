/** Fetches one range of a file. */
import type { SourceAccess } from '../copy/source-access.ts';
import { endOnAbort } from '../programs.ts';
import type { RangeWork } from './large-files.ts';
import { fileQueries } from './queries.ts';

/** What a connection that broke is told as, where ssh itself does not say so. */
const brokenCode = 255;

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
  signal.throwIfAborted();
  const child = source.stream(fileQueries.range(file.path, file.ranges[index] ?? []));
  using _ = endOnAbort(child, signal);
  child.stderr.resume();
  const over = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 128));
  });
  const receiver = file.receiver(index);
  try {
    for await (const chunk of child.stdout) {
      await receiver.take(chunk as Buffer);
      moved((chunk as Buffer).length);
    }
  } catch (error) {
    child.kill();
    throw error;
  }
  const code = await over;
  signal.throwIfAborted();
  const { digest } = receiver;
  if (code !== 0 || digest === undefined) return code === 0 ? brokenCode : code;
  file.arrived(index, digest);
  return 0;
}
