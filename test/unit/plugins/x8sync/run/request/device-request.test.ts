/** What may be asked for where the volumes are block devices. */
import { expect, test } from '@jest/globals';
import { wholeVolumes } from '../../../../../../plugins/x8sync/mover/protocol/options.ts';
import {
  checkDeviceRequest,
  deviceDeletes,
} from '../../../../../../plugins/x8sync/run/request/device-request.ts';
import type { CopyRequest } from '../../../../../../plugins/x8sync/run/request/request.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
const request: CopyRequest = {
  source: ref,
  target: ref,
  name: undefined,
  mode: 'merge',
  allowMounted: false,
  trustedXattrs: false,
  checksum: false,
  strategies: ['relay'],
  image: 'mover',
  bandwidth: '10M',
  verify: true,
  parallel: { parallelism: 3 },
  compress: 'auto',
  timeoutMs: 0,
};

test('what means something for a device is taken', () => {
  expect(() => checkDeviceRequest(request)).not.toThrow();
  // A cutover makes the target what the source is; that it deletes for it nobody has asked for.
  expect(() => checkDeviceRequest({ ...request, cutover: true, deletes: 'all' })).not.toThrow();
});

test('every option that is about files is named', () => {
  const selection = {
    ...wholeVolumes,
    sourcePath: 'folder',
    filters: [{ action: 'exclude', pattern: '*.log' } as const],
  };
  const files = {
    ...request,
    mode: 'force',
    checksum: true,
    selection,
    deletes: 'half',
    fsGroup: 5,
  } as const;
  expect(() => checkDeviceRequest({ ...files, owner: { uid: 1, gid: 1 }, compress: 'zstd' })).toThrow(
    '--force, --checksum, --source-path, --exclude, --delete, --chown, --fs-group, --compress: that is for files',
  );
});

test('most of what a target holds goes once a person has agreed', () => {
  expect(deviceDeletes(request)).toBe('half');
  expect(deviceDeletes({ ...request, confirmed: true })).toBe('all');
  expect(deviceDeletes({ ...request, deletes: 'all' })).toBe('all');
});
