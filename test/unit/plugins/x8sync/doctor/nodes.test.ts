import { describe, expect, test } from '@jest/globals';
import { imageFindings, nodeFindings, seLinuxFindings } from '../../../../../plugins/x8sync/doctor/nodes.ts';
import { tolerates } from '../../../../../plugins/x8sync/monitor/nodes.ts';
import type { Node, PodSpec } from '../../../../../src/kube/api/objects.ts';

const place = { side: 'source', check: 'nodes' } as const;

function node(
  name: string,
  spec: object = {},
  { ready = true, labels = {}, images = [] as string[] } = {},
): Node {
  return {
    metadata: { name, labels },
    spec: { ...spec },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      ...{ images: images.map((image) => ({ names: [image] })) },
    },
  };
}

const pod = (more: object = {}): PodSpec => ({ containers: [], ...more });
const tainted = { taints: [{ key: 'team', value: 'db', effect: 'NoSchedule' }] };

describe('nodes', () => {
  test('each that does not take the pod is named, with why', () => {
    const nodes = [
      node('a', tainted),
      node('b', { unschedulable: true }),
      node('c', {}, { ready: false }),
      node('d'),
    ];
    const [finding] = nodeFindings(place, nodes, pod({ nodeSelector: { disk: 'ssd' } }), undefined);
    expect(finding).toMatchObject({
      verdict: 'failed',
      exitCode: 1,
      hint: expect.stringMatching(/--toleration/),
    });
    expect(finding?.message).toMatch(
      /a: it has the taint team=db:NoSchedule, b: it is cordoned, c: it is not ready, d: .*disk=ssd/,
    );
    expect(nodeFindings(place, nodes, pod(), undefined)).toMatchObject([
      { verdict: 'ok', message: expect.stringMatching(/^the pod may run on 1 of 4 nodes; not a: /) },
    ]);
  });

  test('a claim that is mounted ties the pod to that node', () => {
    const nodes = [node('a'), node('b', tainted)];
    expect(nodeFindings(place, nodes, pod(), 'b')).toMatchObject([{ verdict: 'failed' }]);
    const tolerations = [{ operator: 'Exists', effect: 'NoSchedule' }];
    expect(nodeFindings(place, nodes, pod({ tolerations }), 'b')).toMatchObject([{ verdict: 'ok' }]);
  });

  test.each([
    [{ key: 'team', operator: 'Exists' }, true],
    [{ key: 'team', value: 'db', effect: 'NoSchedule' }, true],
    [{ key: 'team', value: 'web' }, false],
    [{ key: 'team', value: 'db', effect: 'NoExecute' }, false],
    [{ operator: 'Exists' }, true],
    [{ key: 'other', operator: 'Exists' }, false],
  ] as const)('%j tolerates team=db:NoSchedule: %p', (toleration, does) => {
    expect(tolerates([toleration], { key: 'team', value: 'db', effect: 'NoSchedule' })).toBe(does);
  });
});

test('that a node can pull the image is not said of those that do not have it', () => {
  const nodes = [node('a', {}, { images: ['example.org/mover:1'] }), node('b')];
  expect(imageFindings(place, nodes, 'example.org/mover:1')).toMatchObject([
    {
      verdict: 'note',
      message: expect.stringMatching(/1 of 2 nodes; the others have to pull it, which was not tried/),
    },
  ]);
  expect(imageFindings(place, nodes.slice(0, 1), 'example.org/mover:1')).toMatchObject([{ verdict: 'ok' }]);
});

test('a pod that names no SELinux level is named where its node is known to have SELinux', () => {
  const labels = { 'feature.node.kubernetes.io/kernel-selinux.enabled': 'true' };
  const nodes = [node('a', {}, { labels }), node('b')];
  const mount = (pod: string, on: string, seLinuxLevel?: string) => ({
    ...{ pod, node: on, task: undefined, mover: false, privileges: undefined, seLinuxLevel },
  });
  const mounts = [mount('web', 'a'), mount('named', 'a', 's0:c1,c2'), mount('elsewhere', 'b')];
  expect(seLinuxFindings(place, nodes, mounts)).toMatchObject([
    { verdict: 'note', message: expect.stringMatching(/^web is on node a, which has SELinux/) },
  ]);
});
