/** Digests by which two objects are known to be the same without being side by side. */
import { createHash, createHmac, hash } from 'node:crypto';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { canonical } from './draft.ts';

/** Bumped when sanitising changes what it leaves: then every digest differs, once. */
const SCHEMA = 1;

/** Whether an object's digest must be keyed: a bare digest of a short password can be guessed. */
export const isSecret = ({ kind }: Pick<KubeObject, 'kind'>): boolean => kind === 'Secret';

/**
 * 128 bits over the sanitised object as canonical JSON, keyed for Secrets. The scheme is in front of it.
 * @param key the task's own random key; every workstation that works on the task has the same
 */
export const digestOf = (object: KubeObject, key: Uint8Array): string =>
  digestOfText(canonical(object), object, key);

/**
 * The same of an object whose sanitised text is there already.
 * @param text as `canonical` writes it
 */
export function digestOfText(text: string, object: Pick<KubeObject, 'kind'>, key: Uint8Array): string {
  const keyed = isSecret(object);
  const digest = keyed
    ? createHmac('sha256', key).update(text).digest('base64url')
    : hash('sha256', text, 'base64url');
  return `${keyed ? 'k' : 'd'}${SCHEMA}:${first128(digest)}`;
}

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The first 128 bits as text of their own: 21 characters of 6 bits, and the first 2 of the next one's. Bytes would cost more. */
function first128(digest: string): string {
  const next = base64url.indexOf(digest.charAt(21));
  return digest.slice(0, 21) + base64url.charAt(next & 0b110000);
}

/** One digest for a set of objects, whatever their order: equal sets give equal digests. */
export function digestOfAll(entries: Iterable<readonly [key: string, digest: string]>): string {
  const lines = [...entries].map(([key, digest]) => `${key} ${digest}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16);
}
