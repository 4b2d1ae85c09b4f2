/** What rsync's last code comes to. */
import { isNetworkCode, meaningOf } from '../rsync/codes.ts';
import type { ErrorReader } from '../rsync/errors.ts';
import { Ending } from './ending.ts';

/** Whether rsync went through, and at most some files are missing. */
export function isThrough(code: number): boolean {
  return code === 0 || code === 23 || code === 24;
}

type Complaints = Pick<ErrorReader, 'said' | 'failed' | 'full' | 'refused' | 'vanished'>;

/** @param lost kinds of things that could not be kept. */
export function verdictOf(
  code: number,
  { said, failed, full, refused, vanished }: Complaints,
  lost: readonly string[],
): Ending {
  const meaning = meaningOf(code);
  const inWords = said === undefined ? meaning : `${meaning}: ${said}`;
  const losses = `copied, but this could not be kept: ${lost.join(' ')}`;
  if (full) return new Ending('no-room', 'the target ran full while it was copied to; what arrived is kept');
  if (code === 0) return lost.length === 0 ? new Ending('ok', '') : new Ending('partial', losses);
  // Who vanished under one name may be there under another that was not listed any more.
  if (code === 24)
    return new Ending(
      'partial',
      `files went from the source, or got other names there, while it was copied: ${vanished}`,
    );
  if (code === 23) return new Ending('partial', failed === 0 && lost.length > 0 ? losses : inWords);
  if (code === 20 || code === 143) return new Ending('interrupted', meaning);
  if (code === 11) return new Ending('io', inWords);
  return new Ending(isNetworkCode(code, refused) ? 'unreachable' : 'source-failed', inWords);
}
