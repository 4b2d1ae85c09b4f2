/** More quotas and admission policies: what leads to another way, what ends a run, and with which words. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { expectToldBeforehand, GuardedPlaces, refs } from './support/guarded-places.ts';
import { leastMemory, policy, quota } from './support/policies.ts';
import type { Scene } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

const places = new GuardedPlaces();
afterAll(() => places.close());
const service = (spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'probe' },
  spec: { ports: [{ port: 22 }], ...spec },
});
const pod = (spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe' },
  spec: { containers: [{ name: 'probe', image: 'probe' }], ...spec },
});

(isLab ? describe : describe.skip)(
  'a node port that is refused leads to a load balancer that is asked for',
  () => {
    test.concurrent('by a quota that leaves none: to one without node ports', async () => {
      const own = await places.open('nodeport-quota');
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

    test.concurrent('by an admission policy, which answers with another code', async () => {
      const own = await places.open('nodeport-policy');
      const message = 'node ports are not for tenants';
      const expression = "!has(object.spec.type) || object.spec.type != 'NodePort'";
      const denied = service({ type: 'NodePort' });
      places.later(
        await policy(contextA, own.namespace, { resources: ['services'], expression, message, denied }),
      );
      const ladder = ['--strategy', 'nodeport,loadbalancer', '-o', 'json'];
      const { outcome, address, warnings } = documentOf(await x8sync(...refs(own), ...ladder));
      expect({ outcome, address }).toEqual({ outcome: 'ok', address: expect.stringMatching(/:22$/) });
      expect(warnings.join('\n')).toContain(message);
    });
  },
);

test.concurrent('no Service is admitted at all: refused, with the reason of each strategy', async () => {
  const own = await places.open('no-service');
  await quota(contextA, own.namespace, { services: '0' });
  const said = saidBy(await x8sync(...refs(own), '--strategy', 'nodeport,loadbalancer'), 3);
  expect(said).toMatch(/nodeport: .*exceeded quota/);
  expect(said).toMatch(/loadbalancer: .*exceeded quota/);
  expect(said).toMatch(/describe resourcequota/);
  // A relay needs none.
  const relayed = documentOf(await x8sync(...refs(own), '-o', 'json'));
  expect(relayed).toMatchObject({ outcome: 'ok', strategy: 'relay' });
  expect(await own.leftovers()).toEqual([]);
});

test.concurrent('a policy that wants an ordinary user and answers with 422 gets one, as Pod Security does', async () => {
  const own = await places.open('no-root');
  const message = 'pods must not run as root';
  const expression =
    'has(object.spec.containers[0].securityContext) && has(object.spec.containers[0].securityContext.runAsNonRoot)';
  const denial = { resources: ['pods'], expression, message, denied: pod({}) };
  places.later(await policy(contextB, own.namespace, denial));
  const said = saidBy(await x8sync(...refs(own)), 5);
  expect(said).toMatch(/admits no root .*ordinary user/);
  expect(said).not.toMatch(/Pod Security\)/);
  expect(await own.leftovers()).toEqual([]);
});

describe('a pod that is admitted to a person, and not to the controllers', () => {
  test.concurrent('by a quota that has room for one of two pods', async () => {
    const own = await places.open('controllers-quota');
    await own.claim(contextA, 'target');
    await quota(contextA, own.namespace, { pods: '1' });
    // Mounted together, the two claims would need no second pod.
    const args = [own.ref(contextA, 'source'), own.ref(contextA, 'target'), '--strategy', 'clusterip'];
    const said = saidBy(await x8sync(...args), 3);
    expect(said).toMatch(/no pod can be made for .*exceeded quota: tight/);
    expect(said).toMatch(/describe resourcequota/);
    expect(said).not.toMatch(/pod-security|Pod Security/);
    expect(await own.leftovers()).toEqual([]);
  });
});

test.concurrent('a quota that the pods of an interrupted run fill does not keep the next one from taking them up', async () => {
  const own = await places.open('resumed-quota');
  await own.shell(contextA, 'source', 'head -c 6M /dev/urandom >/data/big');
  const args = [...refs(own), '--name', 'tight'];
  const running = startX8sync(...args, '--bwlimit', '500K');
  await running.saw('Copy the files …');
  running.child.kill('SIGKILL');
  await running.ended;
  const hard = { pods: '1', 'count/statefulsets.apps': '1', 'count/jobs.batch': '1', services: '1' };
  await Promise.all(own.contexts.map((context) => quota(context, own.namespace, hard)));
  saidBy(await x8sync(...args), 0);
  expect(await own.leftovers()).toEqual([]);
});

describe('what is against every pod of ours is told beforehand', () => {
  const refused: [string, (own: Scene) => Promise<void>, RegExp, RegExp][] = [
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
    const own = await places.open(purpose.replaceAll(' ', '-').toLowerCase());
    await limit(own);
    await expectToldBeforehand(own, words, hint);
  });
});
