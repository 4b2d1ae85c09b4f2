import { expect, test } from '@jest/globals';
import type { Needed } from '../../../../../plugins/nsreplicate/cache/findings.ts';
import type { PrimaryCache } from '../../../../../plugins/nsreplicate/cache/primary-cache.ts';
import { keyOf, Places } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { NeedsCheck } from '../../../../../plugins/nsreplicate/task/needs-check.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const accounts = '/serviceaccounts';
const needing = (name: string): Needed => ({
  need: { kind: 'ServiceAccount', namespace: 'shop', name },
  by: keyOf('Deployment.apps', 'shop', `of-${name}`),
});

/** A replica that serves ServiceAccounts, and a watch that asks it what it lacks. */
function scene() {
  const kube = fakeKube();
  const resources = [
    {
      resource: 'serviceaccounts',
      singularResource: 'serviceaccount',
      responseKind: { kind: 'ServiceAccount' },
    },
  ].map((one) => ({ ...one, scope: 'Namespaced', verbs: ['get', 'list'] }));
  const items = [{ metadata: { name: '' }, versions: [{ version: 'v1', resources }] }];
  kube.answers.set('/api', () => ({ kind: 'APIGroupDiscoveryList', items }));
  kube.answers.set('/apis', () => ({ kind: 'APIGroupDiscoveryList', items: [] }));
  const clock = fakeClock();
  const ended = new AbortController();
  const said: string[] = [];
  const noted: Needed[] = [];
  const gone = new Set<string>();
  const primaryCache = {
    findings: { takeNeeds: () => noted.splice(0) },
    original: (key: string) => (key.startsWith('Deployment') && !gone.has(key) ? {} : undefined),
  } as unknown as PrimaryCache;
  const check = new NeedsCheck({
    primaryCache,
    places: new Places(new Map()),
    replicas: [{ name: 'to', kube, id: 'TO' }],
    clock,
    signal: ended.signal,
    warn: (text) => said.push(text),
    changed: () => undefined,
  });
  return { kube, clock, ended, said, noted, gone, check };
}

test('what a replica lacks is said once, also of objects that come later, and no more when it is there', async () => {
  const { kube, clock, ended, said, noted, gone, check } = scene();
  noted.push(needing('a'), needing('a'));
  await check.check();
  const followed = check.follow();
  expect(check.lacks('to')).toEqual(['ServiceAccount shop/a (for Deployment.apps shop/of-a)']);
  noted.push(needing('b'), needing('a'));
  await clock.advance(61_000);
  expect(said).toEqual([
    expect.stringContaining('to lacks ServiceAccount shop/a'),
    expect.stringContaining('shop/b'),
  ]);
  kube.objects.create(accounts, { metadata: { name: 'a', namespace: 'shop' } });
  gone.add(needing('b').by);
  await clock.advance(61_000);
  expect(check.lacks('to')).toEqual([]);
  // Nothing is lacking: nobody is asked.
  const asked = kube.calls.length;
  await clock.advance(600_000);
  expect(kube.calls).toHaveLength(asked);
  ended.abort();
  await clock.advance(1);
  await followed;
});

test('a replica that can not be asked is asked again', async () => {
  const { kube, noted, check } = scene();
  noted.push(needing('a'));
  kube.before = ({ verb }) => {
    if (verb === 'get') throw new UnreachableError('gone');
  };
  await check.check();
  expect(check.lacks('to')).toEqual([]);
  kube.before = () => undefined;
  await check.check();
  expect(check.lacks('to')).toHaveLength(1);
});
