import { describe, expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../../plugins/x8sync/claims/claim.ts';
import { podSpec } from '../../../../../../plugins/x8sync/objects/manifests/pods.ts';
import {
  type MoverJobPlan,
  sampleTargetPod,
  targetPodPlan,
} from '../../../../../../plugins/x8sync/run/pods/mover-pod.ts';
import { takesNothingElse } from '../../../../../../plugins/x8sync/run/request/request.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const claim = (name: string, node?: string): ClaimState => ({
  ref: { kube: fakeKube(), namespace: 'shop', claim: name },
  object: { metadata: { name }, spec: {} },
  uid: name,
  volume: undefined,
  bound: true,
  mounts: [],
  node,
});

const wishes = { image: 'mover', identity: { uid: 65532, gid: 65532 } };
const plan: Omit<MoverJobPlan, 'side' | 'keys'> = {
  ...wishes,
  claim: claim('data'),
  privileges: 'root',
  sourcePrivileges: 'root',
  mode: 'merge',
  task: '3',
  nonce: '4',
  addresses: ['a:22'],
  keepPartial: true,
  checksum: false,
};

describe('the pod of a mover', () => {
  test('has its keys, and writes to its claim', () => {
    expect(targetPodPlan(plan, 'keys')).toMatchObject({
      side: 'target',
      claim: 'data',
      readOnly: false,
      secret: 'keys',
      mountedSource: undefined,
    });
  });

  test('needs no keys where it mounts the source, and goes to the node that has that', () => {
    const mounted = targetPodPlan({ ...plan, mountedSource: claim('old', 'node-1') }, 'keys');
    expect(mounted).toMatchObject({ secret: undefined, mountedSource: 'old', node: 'node-1' });
    const both = { ...plan, claim: claim('data', 'node-2'), mountedSource: claim('old', 'node-1') };
    expect(targetPodPlan(both, 'keys').node).toBe('node-2');
  });

  test('has the SELinux level of who has a claim mounted, the source before the target, unless a patch names another', () => {
    const used = (name: string, ...levels: (string | undefined)[]): ClaimState => ({
      ...claim(name),
      mounts: levels.map((seLinuxLevel) => ({
        ...{ pod: 'web', node: 'a', task: undefined, mover: false, privileges: undefined },
        seLinuxLevel,
      })),
    });
    const data = used('data', undefined, 's0:c1,c2');
    expect(targetPodPlan({ ...plan, claim: data }, 'keys').seLinuxLevel).toBe('s0:c1,c2');
    const both = targetPodPlan({ ...plan, claim: data, mountedSource: used('old', 's0:c3,c4') }, 'keys');
    expect(both.seLinuxLevel).toBe('s0:c3,c4');
    expect(targetPodPlan(plan, 'keys').seLinuxLevel).toBeUndefined();
    const contextIn = (options: object) => podSpec({ ...both, options }, 'Never').securityContext;
    expect(contextIn({})).toMatchObject({ seLinuxOptions: { level: 's0:c3,c4' } });
    const patch = { spec: { securityContext: { seLinuxOptions: { level: 's0:c5' } } } };
    expect(contextIn({ patches: [{ from: 'a patch', patch }] })).toMatchObject({
      seLinuxOptions: { level: 's0:c5' },
    });
  });

  test('of the first copy of a cutover finds nothing else at the target, or was told that it may go', () => {
    const env = (request: Parameters<typeof takesNothingElse>[0]) =>
      targetPodPlan({ ...plan, nothingElse: takesNothingElse(request) }, 'keys').env.X8S_NOTHING_ELSE;
    expect(env({ cutover: true, deletes: 'nothing' })).toBe('1');
    for (const deletes of ['half', 'all'] as const) expect(env({ cutover: true, deletes })).toBeUndefined();
    expect(env({ deletes: 'nothing' })).toBeUndefined();
  });

  test('mounts its claim read-only where it only compares', () => {
    expect(targetPodPlan({ ...plan, mode: 'verify' }, 'keys').readOnly).toBe(true);
  });
});

test('what is tried for admission is the same pod, with what it may do', () => {
  const { containers } = sampleTargetPod(claim('data'), 'merge', wishes)('user');
  expect(containers[0]).toMatchObject({ image: 'mover', securityContext: { runAsUser: 65532 } });
});
