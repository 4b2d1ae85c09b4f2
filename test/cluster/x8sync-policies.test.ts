/** Quotas, limit ranges and admission policies: what leads to another way, what ends a run, and with which words. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { leastMemory, policy, quota, samplePod } from './support/policies.ts';
import { granted, grantIn } from './support/roles.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('policies');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', 'echo data >/data/file');
const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  await Promise.all(undo.map((step) => step()));
  await scene.close();
});

/** A namespace of its own, with a claim in each cluster. */
async function place(purpose: string): Promise<Scene> {
  const own = await Scene.open(purpose);
  undo.push(() => own.close());
  await Promise.all([own.claim(contextA, 'source'), own.claim(contextB, 'target')]);
  await own.shell(contextA, 'source', 'echo data >/data/file');
  return own;
}

const refs = (own: Scene) => [own.ref(contextA, 'source'), own.ref(contextB, 'target')] as const;

(isLab ? describe : describe.skip)(
  'a node port that is refused leads to a load balancer that is asked for',
  () => {
    test.concurrent('by a quota that leaves none: to one without node ports', async () => {
      const own = await place('nodeport-quota');
      await quota(contextA, own.namespace, { 'services.nodeports': '0' });
      const ladder = ['--strategy', 'nodeport,loadbalancer', '-o', 'json'];
      const { outcome, address, warnings } = documentOf(await x8sync(...refs(own), ...ladder));
      expect({ outcome, address }).toEqual({ outcome: 'ok', address: expect.stringMatching(/:22$/) });
      expect(warnings.join('\n')).toMatch(/Not nodeport: .*exceeded quota.*loadbalancer is tried instead/);
      // Unasked none is made: nothing tells that this cluster's are internal.
      const unasked = documentOf(await x8sync(...refs(own), '-o', 'json'));
      expect(unasked).toMatchObject({ outcome: 'ok', strategy: 'relay' });
      expect(unasked.warnings.join('\n')).toMatch(
        /Not loadbalancer: it might get an address on the internet/,
      );
      expect(await own.leftovers()).toEqual([]);
    });
  },
);

describe('a pod that is admitted to a person, and not to the controllers', () => {
  test.concurrent('by a policy: its words are shown, and it is refused before any time limit', async () => {
    const own = await place('controllers-policy');
    const message = 'controllers make nothing here';
    const expression = '!has(object.metadata.ownerReferences)';
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }];
    const denied = samplePod({}, { ownerReferences });
    undo.push(await policy(contextA, own.namespace, { resources: ['pods'], expression, message, denied }));
    const said = saidBy(await x8sync(...refs(own)), 3);
    expect(said).not.toMatch(/not up after/);
    expect(said).toMatch(/no pod can be made for the source's pod.*controllers make nothing here/);
    expect(said).toMatch(/admission policy or webhook/);
    expect(await own.leftovers()).toEqual([]);
  });
});

describe('what is against every pod of ours is told beforehand', () => {
  const refused: [string, (own: Scene) => Promise<void>, RegExp, RegExp][] = [
    [
      'a quota',
      (own) => quota(contextB, own.namespace, { pods: '0' }),
      /exceeded quota: tight/,
      /describe resourcequota/,
    ],
    [
      'a limit range',
      (own) => leastMemory(contextB, own.namespace, 'wide', '128Mi'),
      /minimum memory usage per Container is 128Mi/,
      /describe limitrange/,
    ],
    [
      'a quota of Secrets',
      (own) => quota(contextB, own.namespace, { 'count/secrets': '0' }),
      /exceeded quota: tight/,
      /describe resourcequota/,
    ],
    [
      'a quota of ConfigMaps',
      (own) => quota(contextB, own.namespace, { 'count/configmaps': '0' }),
      /exceeded quota: tight/,
      /describe resourcequota/,
    ],
  ];
  test.concurrent.each(refused)('%s', async (purpose, limit, words, hint) => {
    const own = await place(purpose.replaceAll(' ', '-').toLowerCase());
    await limit(own);
    const ended = await x8sync(...refs(own));
    const said = saidBy(ended, 3);
    expect(said).toMatch(words);
    expect(said).toMatch(hint);
    expect(said).not.toMatch(/pod-security|Pod Security/);
    expect(await own.leftovers()).toEqual([]);
  });

  test.concurrent('who may make no pods lacks a right: exit 4, with its name', async () => {
    const own = await place('no-pods');
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
