import { describe, expect, test } from '@jest/globals';
import { volumeIdentity } from '../../../../plugins/x8sync/volume-identity.ts';

const volume = (spec: Record<string, unknown>) => ({ metadata: { name: 'pv' }, spec });
const onNode = (name: string) => ({
  required: { nodeSelectorTerms: [{ matchFields: [{ values: [name] }] }] },
});

describe('volumeIdentity', () => {
  test('a CSI handle is the same storage in any cluster', () => {
    const one = volume({ csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1', fsType: 'ext4' } });
    const other = volume({ csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1', fsType: 'xfs' } });
    expect(volumeIdentity(one, 'a')).toBe(volumeIdentity(other, 'b'));
    expect(volumeIdentity(one, 'a')).toBeDefined();
  });

  test('another driver with the same handle is other storage', () => {
    const one = volume({ csi: { driver: 'x', volumeHandle: 'vol-1' } });
    const other = volume({ csi: { driver: 'y', volumeHandle: 'vol-1' } });
    expect(volumeIdentity(one, 'a')).not.toBe(volumeIdentity(other, 'a'));
  });

  test('an NFS export is its server and path', () => {
    const one = volume({ nfs: { server: 'files', path: '/a', readOnly: true } });
    expect(volumeIdentity(one, 'a')).toBe(
      volumeIdentity(volume({ nfs: { server: 'files', path: '/a' } }), 'b'),
    );
    expect(volumeIdentity(one, 'a')).not.toBe(
      volumeIdentity(volume({ nfs: { server: 'files', path: '/b' } }), 'a'),
    );
  });

  test('a path on a node is its cluster, node and path', () => {
    const one = volume({ local: { path: '/data' }, nodeAffinity: onNode('n1') });
    expect(volumeIdentity(one, 'a')).toBe(
      volumeIdentity(volume({ local: { path: '/data' }, nodeAffinity: onNode('n1') }), 'a'),
    );
    expect(volumeIdentity(one, 'a')).not.toBe(volumeIdentity(one, 'b'));
    expect(volumeIdentity(one, 'a')).not.toBe(
      volumeIdentity(volume({ local: { path: '/data' }, nodeAffinity: onNode('n2') }), 'a'),
    );
  });

  test('nothing is said of a source that is not known', () => {
    expect(volumeIdentity(volume({ flexVolume: { driver: 'x' } }), 'a')).toBeUndefined();
  });
});
