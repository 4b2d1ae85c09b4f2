/** Quotas and admission policies: what ends a run, and with which words. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { expectToldBeforehand, GuardedPlaces, refs } from './support/guarded-places.ts';
import { policy, quota, samplePod } from './support/policies.ts';
import { granted, grantIn } from './support/roles.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const places = new GuardedPlaces();
afterAll(() => places.close());

describe('a pod that is admitted to a person, and not to the controllers', () => {
  test.concurrent('by a policy: its words are shown, and it is refused before any time limit', async () => {
    const own = await places.open('controllers-policy');
    const message = 'controllers make nothing here';
    const expression = '!has(object.metadata.ownerReferences)';
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }];
    const denied = samplePod({}, { ownerReferences });
    places.later(await policy(contextA, own.namespace, { resources: ['pods'], expression, message, denied }));
    const said = saidBy(await x8sync(...refs(own)), 3);
    expect(said).not.toMatch(/not up after/);
    expect(said).toMatch(/no pod can be made for the source's pod.*controllers make nothing here/);
    expect(said).toMatch(/admission policy or webhook/);
    expect(await own.leftovers()).toEqual([]);
  });
});

describe('what is against every pod of ours is told beforehand', () => {
  test.concurrent('a quota', async () => {
    const own = await places.open('a-quota');
    await quota(contextB, own.namespace, { pods: '0' });
    await expectToldBeforehand(own, /exceeded quota: tight/, /describe resourcequota/);
  });

  test.concurrent('who may make no pods lacks a right: exit 4, with its name', async () => {
    const own = await places.open('no-pods');
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'delete', 'patch'];
    const all = ['persistentvolumeclaims', 'configmaps', 'secrets', 'services', 'events', 'pods/log'];
    const rules = [
      { apiGroups: [''], resources: all, verbs },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'delete'] },
      { apiGroups: ['apps', 'batch'], resources: ['statefulsets', 'jobs'], verbs },
    ];
    const role = granted('no-pods', rules, { kind: 'User', name: 'podless' });
    await Promise.all(
      own.contexts.map((context) => grantIn(context, own.namespace, role, ['--as', 'podless'])),
    );
    const said = saidBy(await x8sync(...refs(own), '--as', 'podless'), 4);
    expect(said).toMatch(/may not create pods in namespace/);
    expect(said).not.toMatch(/admits no pod|Pod Security/);
  });
});
