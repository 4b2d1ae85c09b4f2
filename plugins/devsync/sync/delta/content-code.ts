/**
 * A code over a content (GMAC), by which the end that puts it together knows that it is what the other end has read. It is
 * as good as a digest for that, since whoever made the content did not know the key, and costs a tenth of SHA-256: what
 * the content is called is its digest, which the end that reads it finds out.
 */
import { type CipherGCM, createCipheriv, randomBytes } from 'node:crypto';

/** Bytes of a key, and of a code. */
const [keySize, codeSize] = [32, 16];
/** Each key is for one code. */
const nonce = Buffer.alloc(12);

/** A key for one content; of the form of a digest. */
export const newCodeKey = (): string => randomBytes(keySize).toString('hex');

export class ContentCode {
  readonly #cipher: CipherGCM;

  constructor(key: string) {
    this.#cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce, { authTagLength: codeSize });
  }

  /** The next part, of any size. */
  update(part: Uint8Array): void {
    this.#cipher.setAAD(part);
  }

  /** In hex, of all parts; none may follow. */
  end(): string {
    this.#cipher.final();
    return this.#cipher.getAuthTag().toString('hex');
  }
}
