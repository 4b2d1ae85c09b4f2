/** What a workstation keeps of its syncs, each under the uid that its cluster gives it. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Registered, Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { RefusedError } from '../../../../../src/errors.ts';

const uid = '6f2b3c1e-8a41-4b55-9d2f-0f5a1c7e9b10';
let base: string;
let workstation: Workstation;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'devsync-workstation-'));
  workstation = new Workstation(join(base, 'state'), 'linux');
});
afterEach(() => rmSync(base, { recursive: true }));

const made: Registered = { uid, name: 'web', namespace: 'shop', server: 'https://a', path: '/src' };

test('a sync that was made here is found by its uid, until it is forgotten', () => {
  expect(workstation.find(uid)).toBeUndefined();
  workstation.register(made);
  expect([workstation.find(uid), workstation.registered()]).toEqual([made, [made]]);
  workstation.forget(uid);
  expect([workstation.find(uid), workstation.registered()]).toEqual([undefined, []]);
});

describe('a uid that leads elsewhere', () => {
  const hostile = ['..', '.', '', '../../home', '/etc', 'a/../..', '..\\..', 'a\0b', 'a\nb'];

  test.each(hostile)('%j: nothing is removed, made or spoken to by it', (uid) => {
    const precious = join(base, 'home');
    mkdirSync(precious);
    writeFileSync(join(precious, 'file'), 'precious');
    for (const platform of ['linux', 'win32'] as const) {
      const one = new Workstation(join(base, 'state'), platform);
      expect(() => one.forget(uid)).toThrow(RefusedError);
      expect(() => one.folderOf(uid)).toThrow(RefusedError);
      expect(() => one.socketOf(uid)).toThrow(RefusedError);
      expect(() => one.register({ ...made, uid })).toThrow(RefusedError);
      expect(one.find(uid)).toBeUndefined();
    }
    expect(existsSync(join(precious, 'file'))).toBe(true);
  });
});
