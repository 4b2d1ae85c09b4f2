/** What `doctor` says of a load balancer: what a copy would do when it came to it. */
import { expect, test } from '@jest/globals';
import type { ClaimState } from '../../../../../plugins/x8sync/claims/claim.ts';
import { judgeStrategies } from '../../../../../plugins/x8sync/doctor/strategies.ts';
import { nodes } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

async function balancerAt(providerID: string, wanted: readonly 'loadbalancer'[] = [], push = false) {
  const [dialled, other] = [fakeKube(), fakeKube()];
  await dialled.create(nodes, { metadata: { name: 'n' }, spec: { providerID } } as never);
  const claim = (kube: typeof dialled) =>
    ({ ref: { kube, namespace: 'shop', claim: 'data' } }) as unknown as ClaimState;
  const [source, target] = push ? [claim(other), claim(dialled)] : [claim(dialled), claim(other)];
  const place = { source, target, isOneCluster: false, push, rights: [], nodes: undefined };
  const look = { ...place, wanted, service: undefined, fsGroup: undefined };
  const all = await judgeStrategies(look, new AbortController().signal);
  return all.find(({ name }) => name === 'loadbalancer');
}

test.each([false, true])(
  'with --push %s: unasked it is tried where it is known to be internal only',
  async (push) => {
    expect(await balancerAt('aws:///a/i-1', [], push)).toMatchObject({ open: true, tried: true });
    expect(await balancerAt('hcloud://1', [], push)).toMatchObject({
      open: true,
      tried: false,
      reason: expect.stringMatching(/internet.*hcloud.*--strategy loadbalancer.*; admitted/),
    });
    expect(await balancerAt('hcloud://1', ['loadbalancer'], push)).toMatchObject({ open: true, tried: true });
  },
);
