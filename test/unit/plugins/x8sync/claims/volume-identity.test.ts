import { describe, expect, test } from '@jest/globals';
import {
  relationOfTrees,
  volumeIdentity,
  volumeTree,
} from '../../../../../plugins/x8sync/claims/volume-identity.ts';

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

describe('relationOfTrees', () => {
  const relation = (source: Record<string, unknown>, target: Record<string, unknown>, cluster = 'a') =>
    relationOfTrees(volumeTree(volume(source), 'a'), volumeTree(volume(target), cluster));
  const local = (path: string, node = 'n1') => ({ local: { path }, nodeAffinity: onNode(node) });
  const nfs = (path: string, server = 'files') => ({ nfs: { server, path } });

  test.each([
    ['/data', '/data/', 'same'],
    ['/data/a', '/data', 'source in target'],
    ['/data', '/data/a/b', 'target in source'],
    ['/data', '/data2', 'apart'],
    ['/data/../x', '/x/y', 'target in source'],
  ])('%s and %s: %s', (source, target, expected) => {
    expect(relation(local(source), local(target))).toBe(expected);
    expect(relation(nfs(source), nfs(target), 'b')).toBe(expected);
  });

  test('nothing is said of other nodes, clusters and servers, and of a path without a node', () => {
    expect(relation(local('/a'), local('/a/b', 'n2'))).toBe('unknown');
    expect(relation(local('/a'), local('/a/b'), 'b')).toBe('unknown');
    expect(relation(nfs('/a'), nfs('/a/b', '10.0.0.1'))).toBe('unknown');
    expect(relation({ hostPath: { path: '/a' } }, { hostPath: { path: '/a/b' } })).toBe('unknown');
  });

  test('folders that a driver makes on a server', () => {
    const csi = (subdir: string) => ({
      csi: {
        driver: 'nfs.csi.k8s.io',
        volumeHandle: `files#export#${subdir}`,
        volumeAttributes: { server: 'files', share: '/export', subdir },
      },
    });
    expect(relation(csi('one'), csi('two'))).toBe('apart');
    expect(relation(csi('one'), nfs('/export'))).toBe('source in target');
  });
});
