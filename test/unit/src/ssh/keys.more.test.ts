import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fingerprintOf, generateKeyPair, type KeyPair, knownHostsLine } from '../../../../src/ssh/keys.ts';
import { runsOf } from '../../../support/thoroughness.ts';

const sshKeygen = (...args: string[]) => execFileSync('ssh-keygen', args, { encoding: 'utf8' });

describe('a key pair', () => {
  let folder: string;
  let pair: KeyPair;
  let path: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
    pair = await generateKeyPair('a-task');
    path = join(folder, 'key');
    writeFileSync(path, pair.privateKey, { mode: 0o600 });
    writeFileSync(`${path}.pub`, `${pair.publicKey}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is one that OpenSSH can read, without a passphrase', () => {
    expect(pair.privateKey).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    const [type, blob] = sshKeygen('-y', '-P', '', '-f', path).trim().split(' ');
    expect(`${type} ${blob} a-task`).toBe(pair.publicKey);
  });

  test('is whole, also where the key begins with a zero byte: one of 256 does', async () => {
    const blobs: Buffer[] = [];
    for (let count = 0; count < runsOf(3000); count++) {
      const { publicKey } = await generateKeyPair('x');
      blobs.push(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'));
    }
    expect(new Set(blobs.map((blob) => blob.length))).toEqual(new Set([51]));
  });

  test('has the fingerprint that ssh-keygen shows', () => {
    expect(sshKeygen('-l', '-f', `${path}.pub`).split(' ')).toEqual([
      '256',
      pair.fingerprint,
      'a-task',
      '(ED25519)\n',
    ]);
  });

  test('signs what only its public half verifies', async () => {
    const data = join(folder, 'data');
    writeFileSync(data, 'some data');
    sshKeygen('-Y', 'sign', '-n', 'file', '-f', path, data);
    const verify = (publicKey: string) => {
      writeFileSync(join(folder, 'allowed'), `someone ${publicKey}\n`);
      const args = ['-Y', 'verify', '-n', 'file', '-I', 'someone', '-f', join(folder, 'allowed')];
      return execFileSync('ssh-keygen', [...args, '-s', `${data}.sig`], {
        input: 'some data',
        stdio: 'pipe',
      });
    };
    expect(verify(pair.publicKey).toString()).toMatch(/^Good "file" signature/);
    const other = await generateKeyPair('other');
    expect(() => verify(other.publicKey)).toThrow();
  });

  test('is another one each time', async () => {
    expect((await generateKeyPair('a-task')).fingerprint).not.toBe(pair.fingerprint);
  });

  test('is found in known_hosts by its alias', () => {
    const file = join(folder, 'known_hosts');
    writeFileSync(file, knownHostsLine('an-alias', pair.publicKey));
    expect(sshKeygen('-F', 'an-alias', '-l', '-f', file)).toContain(`an-alias ED25519 ${pair.fingerprint}`);
  });
});

test('a fingerprint of what is no ed25519 key is refused', () => {
  expect(() => fingerprintOf('ssh-rsa AAAA')).toThrow(TypeError);
  expect(() => fingerprintOf('')).toThrow(TypeError);
});
