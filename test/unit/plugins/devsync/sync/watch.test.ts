import { expect, test } from '@jest/globals';
import { networkFileSystem } from '../../../../../plugins/devsync/sync/watch.ts';

/** Faked answers of statfs(2), in the shapes that systems give them: the devsync tests on clusters mount a real one. */
test.each([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xff534d42 | 0, 'CIFS'],
  [0xfe534d42 | 0, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0xef53, undefined],
  [0x01021994, undefined],
  [0x794c7630, undefined],
])('the file system %i is the network file system %s', (type, name) => {
  expect(networkFileSystem('/anywhere', () => type)).toBe(name);
});

test('what is not there is on none', () => {
  expect(networkFileSystem('/nowhere/at/all')).toBeUndefined();
});
