/** Tells whether a content that comes in is the one that it is said to be. */
import { createHash } from 'node:crypto';
import { ContentCode } from '../delta/content-code.ts';

export interface ContentCheck {
  /** The next part. */
  update(part: Uint8Array): void;
  /** After the last part. @param code by the key, where there is one. */
  isRight(digest: string, code: string | undefined): boolean;
}

/** By its digest, or by a code with this key, which only the end that sends it could have given. */
export function contentCheck(key?: string): ContentCheck {
  if (key === undefined) {
    const hash = createHash('sha256');
    return { update: (part) => void hash.update(part), isRight: (digest) => hash.digest('hex') === digest };
  }
  const own = new ContentCode(key);
  return { update: (part) => own.update(part), isRight: (_, code) => own.end() === code };
}
