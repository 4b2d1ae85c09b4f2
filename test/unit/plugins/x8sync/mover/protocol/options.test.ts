/** What the plugin writes into a pod's environment is what the mover reads there. */
import { expect, test } from '@jest/globals';
import {
  copyEnv,
  foreignPlugin,
  readCopyOptions,
  readServeOptions,
  serveEnv,
} from '../../../../../../plugins/x8sync/mover/protocol/options.ts';
import { onePod } from '../../../../../../plugins/x8sync/mover/protocol/pods.ts';

test('the options of both sides', () => {
  const copy = {
    nonce: 'n',
    task: 't',
    mode: 'force',
    privileges: 'user',
    user: 'mover',
    addresses: ['10.89.0.11:30000', '[::1]:2222'],
    connectSeconds: 900,
    keepPartial: false,
    bandwidth: '10M',
    checksum: true,
    lingerSeconds: 5,
    retries: 3,
    onCollision: 'skip',
    verify: true,
    mayHaveMore: true,
    nothingElse: true,
    allowEmpty: true,
    knownLosses: ['ownership', 'root folder'],
    isSourceMounted: true,
    isDevice: true,
    selection: {
      sourcePath: 'a b',
      targetPath: 'ü',
      filters: [{ action: 'exclude', pattern: '*.log' }],
    },
    deletes: 'half',
    owner: { uid: 1, gid: 2 },
    ciphers: 'aes128-gcm@openssh.com',
    compress: 'lz4',
    parallel: { partitions: 12, parallelism: 3, partitionFiles: 500, partitionBytes: 1 << 20 },
    rsyncArgs: ['--whole-file', '--block-size=4096'],
    pods: { asked: 3, modes: { source: ['ReadOnlyMany'], target: ['ReadWriteMany'] }, nodes: 2 },
  } as const;
  expect(readCopyOptions(copyEnv(copy))).toEqual(copy);
  const alone = { ...copy, pods: onePod };
  expect(readCopyOptions(copyEnv(alone))).toEqual(alone);
  const serve = { nonce: 'n', port: 2222, idleSeconds: 600, isDevice: true };
  expect(readServeOptions(serveEnv(serve))).toEqual(serve);
});

test('nonsense is refused', () => {
  expect(() => readCopyOptions({ X8S_MODE: 'wipe' })).toThrow(
    'none of merge, force, dry-run, force-dry-run, verify: wipe',
  );
  expect(() => readServeOptions({ X8S_PORT: '22;' })).toThrow('X8S_PORT is no number: 22;');
});

test('a plugin of another version, or of none, is refused', () => {
  expect(foreignPlugin(serveEnv({ nonce: '', port: 1, idleSeconds: 1 }))).toBeUndefined();
  expect(foreignPlugin({ X8S_PROTOCOL: '999' })).toContain('999');
  expect(foreignPlugin({})).toContain('none');
});
