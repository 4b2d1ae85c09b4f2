import { expect, test } from '@jest/globals';
import type { Target } from '../../../../../../plugins/devsync/launch/launcher.ts';
import { placeOf, relationOf } from '../../../../../../plugins/devsync/session/pods/place.ts';
import type { Pod } from '../../../../../../src/kube/api/objects.ts';

interface Mounted {
  readonly volume: object;
  readonly mount?: object;
  readonly name?: string;
  readonly node?: string;
  readonly namespace?: string;
}

/** A container that has a volume at /data. */
function target({ volume, mount, name = 'web-1', node = 'n1', namespace = 'shop' }: Mounted): Target {
  const volumeMounts = [{ name: 'v', mountPath: '/data', ...mount }];
  const pod = {
    metadata: { name, namespace, uid: `uid of ${name}` },
    spec: {
      nodeName: node,
      containers: [{ name: 'app', volumeMounts }],
      volumes: [{ name: 'v', ...volume }],
    },
  } as unknown as Pod;
  return { namespace, pod, container: 'app', containerId: 'c', imageId: 'i' };
}

const claim = (more: object = {}) => ({ persistentVolumeClaim: { claimName: 'shared', ...more } });
const host = (path: string, more: object = {}) => ({ hostPath: { path, ...more } });
const nfs = (server: string, path: string) => ({ nfs: { server, path } });
const expression = (subPathExpr: string) => ({ subPathExpr });

test.each<[string, Mounted, Mounted, ReturnType<typeof relationOf>]>([
  ['a claim, for one of them to read', { volume: claim() }, { volume: claim({ readOnly: true }) }, 'same'],
  ['claims of two namespaces', { volume: claim() }, { volume: claim(), namespace: 'other' }, undefined],
  ['paths of a node', { volume: host('/srv', { type: 'Directory' }) }, { volume: host('/srv/a') }, 'around'],
  ['paths of two nodes', { volume: host('/srv') }, { volume: host('/srv'), node: 'n2' }, undefined],
  [
    'a path of a node, and a part of the one above',
    { volume: host('/srv/a') },
    { volume: host('/srv/'), mount: { subPath: 'a/' } },
    'same',
  ],
  ['exports of a server', { volume: nfs('s', '/a/b') }, { volume: nfs('s', '/a') }, 'within'],
  ['exports of two servers', { volume: nfs('s', '/a') }, { volume: nfs('t', '/a') }, undefined],
  [
    'parts by an expression, of two pods',
    { volume: claim(), mount: expression('logs/$(POD)') },
    { volume: claim(), mount: expression('logs/$(POD)'), name: 'web-2' },
    undefined,
  ],
  [
    'parts by an expression, of one pod, and what is above',
    { volume: claim(), mount: expression('logs/$(POD)') },
    { volume: claim(), mount: { subPath: 'logs' }, name: 'web-2' },
    'within',
  ],
  [
    'volumes of the pods themselves',
    { volume: { emptyDir: {} } },
    { volume: { emptyDir: {} }, name: 'web-2' },
    undefined,
  ],
])('%s', (_, one, other, relation) => {
  expect(relationOf(placeOf(target(one), '/data'), placeOf(target(other), '/data'))).toBe(relation);
});

test('a container’s own layer has nothing in common with a volume, nor with that of another pod', () => {
  const one = target({ volume: claim() });
  const other = target({ volume: claim(), name: 'web-2' });
  expect(relationOf(placeOf(one, '/work'), placeOf(one, '/work/src'))).toBe('around');
  expect(relationOf(placeOf(one, '/work'), placeOf(other, '/work'))).toBeUndefined();
  expect(relationOf(placeOf(one, '/work'), placeOf(one, '/data'))).toBeUndefined();
});
