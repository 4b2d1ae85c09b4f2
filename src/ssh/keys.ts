/** Ed25519 key pairs in OpenSSH's formats. */
import { createHash } from 'node:crypto';

export interface KeyPair {
  /** PEM of OpenSSH's own format (`openssh-key-v1`), without a passphrase. Secret: never log it. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment`, as in authorized_keys; no line feed at the end. */
  readonly publicKey: string;
  /** `SHA256:…`, as `ssh-keygen -l` shows it. */
  readonly fingerprint: string;
}

/** Bytes of an ed25519 public key's blob: two lengths, `ssh-ed25519`, and 32 bytes of key (RFC 8709, 4). */
const blobLength = 4 + 11 + 4 + 32;

/** A fresh key pair. The comment is for people, and must be one word. */
export async function generateKeyPair(comment: string): Promise<KeyPair> {
  const { default: ssh2 } = await import('ssh2');
  // ssh2 1.17 drops the zero bytes that one key of 256 begins with, and OpenSSH cannot read what is left.
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    if (blobOf(pair.public)?.length !== blobLength) continue;
    return { privateKey: pair.private, publicKey: pair.public, fingerprint: fingerprintOf(pair.public) };
  }
}

/**
 * The fingerprint of a public key's line.
 * @throws {TypeError} the line is none
 */
export function fingerprintOf(publicKey: string): string {
  const blob = blobOf(publicKey);
  if (blob === undefined) throw new TypeError('not the line of an ed25519 public key');
  const digest = createHash('sha256').update(blob).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

function blobOf(publicKey: string): Buffer | undefined {
  const [, blob] = /^ssh-ed25519 ([A-Za-z0-9+/]+={0,2})(?: |$)/.exec(publicKey.trim()) ?? [];
  return blob === undefined ? undefined : Buffer.from(blob, 'base64');
}

/**
 * The known_hosts line by which `ssh -o HostKeyAlias=ALIAS` accepts this host key and no other, whatever the address.
 * Ends with a line feed.
 */
export function knownHostsLine(alias: string, publicKey: string): string {
  const [type, blob] = publicKey.split(' ');
  return `${alias} ${type} ${blob}\n`;
}
