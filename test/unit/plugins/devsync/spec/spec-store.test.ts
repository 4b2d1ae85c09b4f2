import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { syncDocument, syncTable } from '../../../../../plugins/devsync/commands/output/output-tables.ts';
import { SpecStore } from '../../../../../plugins/devsync/spec/spec-store.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { knownRootId } from '../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';
import { renderTable } from '../../../../../src/cli/table.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { RefusedError, UnreachableError } from '../../../../../src/errors.ts';
import { configMaps, namespaces } from '../../../../../src/kube/api/resources.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { specOf } from '../support/specs.ts';

let folder: string;
let kube: FakeKube;
let workstation: Workstation;
let specs: SpecStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-catalog-'));
  kube = fakeKube();
  workstation = new Workstation(folder, 'linux');
  specs = new SpecStore(kube, workstation, systemClock);
});
afterEach(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();

/** A directory of the workstation's, made where it is missing. */
function at(name: string): string {
  const path = join(folder, 'home', name);
  mkdirSync(path, { recursive: true });
  return path;
}

const make = (name: string, path: string, remote: string) =>
  specs.create({ name, namespace: 'shop', spec: specOf(path, remote), allowOverlap: false, signal });

test('a sync that cannot be taken over for a directory stays as it is', async () => {
  await make('docs', at('docs'), '/docs');
  const web = await make('web', at('web'), '/app');
  const taken = specs.replace(web, specOf(at('docs/web'), '/app'), signal);
  await expect(taken).rejects.toThrow(RefusedError);
  expect((await specs.get('shop', 'web', signal)).uid).toBe(web.uid);
  const moved = await specs.replace(web, specOf(at('new'), '/app'), signal);
  expect((await specs.get('shop', 'web', signal)).spec.local.path).toBe(at('new'));
  expect(moved.uid).not.toBe(web.uid);
});

test('what is refused leaves no mark in LOCAL, what is made is known by it', async () => {
  await make('docs', at('docs'), '/docs');
  await expect(make('web', at('docs/web'), '/app')).rejects.toThrow(RefusedError);
  for (const place of [
    ...workstation.metadataCandidatesFor(at('docs/web')),
    join(at('docs/web'), '.x8s-devsync'),
  ])
    expect(existsSync(place)).toBe(false);
  const { spec } = await make('web', at('web'), '/app');
  expect(spec.local.rootId).toBe(knownRootId(at('web'), workstation.metadataCandidatesFor(at('web'))));
});

test('that a sync may overlap is known as long as it is that sync, and of no other one', async () => {
  const overlaps = (uid: string) =>
    workstation.registered().find((one) => one.uid === uid)?.overlaps === true;
  const docs = await make('docs', at('docs'), '/app');
  const spec = specOf(at('docs/web'), '/app/web');
  const web = await specs.create({ name: 'web', namespace: 'shop', spec, allowOverlap: true, signal });
  expect([overlaps(docs.uid), overlaps(web.uid)]).toEqual([false, true]);
  const revised = await specs.revise(web, { ...web.spec, ignore: ['*.o'] }, signal);
  specs.noteFile(revised, '/devsync.yaml');
  expect([revised.uid, overlaps(web.uid)]).toEqual([web.uid, true]);
  const moved = await specs.replace(docs, specOf(at('elsewhere'), '/other'), signal);
  expect(overlaps(moved.uid)).toBe(false);
});

const names = () => workstation.registered().map(({ name }) => name);

test('a sync that was deleted elsewhere is in nobody’s way, and forgotten', async () => {
  await make('old', at('web'), '/old');
  await expect(make('web', at('web'), '/app')).rejects.toThrow(/overlaps with .* sync old has/);
  await kube.delete(configMaps, { namespace: 'shop', name: 'devsync-old-container' });
  await make('web', at('web'), '/app');
  expect(names()).toEqual(['web']);
  // Its own name as well: what was kept of the one before is of no use.
  await kube.delete(configMaps, { namespace: 'shop', name: 'devsync-web-container' });
  await make('web', at('web'), '/app');
  expect(names()).toEqual(['web']);
});

test('of another cluster it is asked there, and where that does not answer, it is said', async () => {
  await make('old', at('web'), '/old');
  const other = fakeKube(undefined, { server: 'https://other' });
  const kubeOf: { answer: () => Promise<FakeKube> } = {
    answer: () => Promise.reject(new UnreachableError('it is switched off')),
  };
  const there = new SpecStore(other, workstation, systemClock, (server) => {
    expect(server).toBe(kube.cluster.server);
    return kubeOf.answer();
  });
  const spec = specOf(at('web'), '/app');
  // The same name in another cluster is another sync.
  const again = () => there.create({ name: 'old', namespace: 'shop', spec, allowOverlap: false, signal });
  const refused = await again().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RefusedError);
  expect(refused).toMatchObject({
    message: `${at('web')} overlaps with ${at('web')}, which the sync old had`,
    details: [
      `old was made in namespace shop of ${kube.cluster.server}`,
      'Whether it still exists could not be asked: it is switched off',
    ],
    hint: expect.stringMatching(/--allow-overlap goes past it; removing .*syncs.* forgets it for good/),
  });
  kubeOf.answer = async () => kube;
  await expect(again()).rejects.toThrow(/which the sync old has/);
  await kube.delete(configMaps, { namespace: 'shop', name: 'devsync-old-container' });
  await again();
  expect(workstation.registered().map(({ server }) => server)).toEqual(['https://other']);
});

/** Another cluster answers at the same address from now on. */
async function elsewhere(): Promise<SpecStore> {
  await kube.create(namespaces, { metadata: { name: 'kube-system' } });
  await make('web', at('web'), '/app');
  const other = fakeKube();
  // Fakes number their UIDs alike.
  for (const name of ['a', 'b', 'c', 'kube-system']) await other.create(namespaces, { metadata: { name } });
  return new SpecStore(other, workstation, systemClock, async () => other);
}

test('of one whose cluster does not answer at its address any more, nothing is forgotten', async () => {
  const there = await elsewhere();
  const spec = specOf(at('web'), '/app');
  const refused = there.create({ name: 'other', namespace: 'shop', spec, allowOverlap: false, signal });
  await expect(refused).rejects.toMatchObject({
    message: expect.stringMatching(/which the sync web had/),
    details: [
      expect.anything(),
      expect.stringMatching(/another cluster answers at https:\/\/fake.*: the sync is in the cluster/),
    ],
  });
  expect(names()).toEqual(['web']);
});

test('one of the same name in the cluster that answers there now is another one, and leaves it what it has', async () => {
  const there = await elsewhere();
  const spec = specOf(at('web'), '/app');
  await there.create({ name: 'web', namespace: 'shop', spec, allowOverlap: false, signal });
  expect(names()).toEqual(['web', 'web']);
  // In its own cluster it has but one at a time.
  await kube.delete(configMaps, { namespace: 'shop', name: 'devsync-web-container' });
  const again = await make('web', at('web'), '/app');
  expect(workstation.registered()).toHaveLength(2);
  specs.noteFile(again, '/devsync.yaml');
  expect(workstation.find(again.uid)).toMatchObject({
    file: '/devsync.yaml',
    clusterUid: expect.any(String),
  });
});

test('where it may not be asked which cluster answers there, what is not found is not taken for gone', async () => {
  await kube.create(namespaces, { metadata: { name: 'kube-system' } });
  await make('web', at('web'), '/app');
  await kube.delete(configMaps, { namespace: 'shop', name: 'devsync-web-container' });
  await kube.delete(namespaces, { name: 'kube-system' });
  await expect(make('other', at('web'), '/app')).rejects.toThrow(/which the sync web had/);
  expect(names()).toEqual(['web']);
});

test('one that cannot be read keeps nobody from the others, and can be deleted', async () => {
  await make('web', at('web'), '/app');
  for (const [name, data] of [
    ['torn', '{"remote":'],
    ['strange', '{"remote":7}'],
  ] as const) {
    await make(name, at(name), `/${name}`);
    const patch = { data: { spec: data } };
    await kube.patch(configMaps, { namespace: 'shop', name: `devsync-${name}-container` }, patch, {
      type: 'merge',
    });
  }
  const { syncs, unreadable } = await specs.survey('shop', signal);
  expect(syncs.map(({ name }) => name)).toEqual(['web']);
  expect(unreadable.map(({ name, why }) => [name, why])).toEqual([
    ['strange', expect.stringMatching(/makes no sense/)],
    ['torn', expect.stringMatching(/is not JSON/)],
  ]);
  const rows = renderTable(syncTable(unreadable, new Date()), { wide: true });
  expect(rows).toMatch(/^torn +shop +unreadable +<none>/m);
  expect(unreadable.map(syncDocument)[1]).toMatchObject({ name: 'torn', namespace: 'shop' });
  await expect(specs.get('shop', 'torn', signal)).rejects.toMatchObject({
    message: expect.stringMatching(/sync torn in namespace shop cannot be read/),
    hint: expect.stringMatching(/delete torn -n shop removes it/),
  });
  await expect(make('torn', at('new'), '/new')).rejects.toMatchObject({
    details: [expect.stringMatching(/^It cannot be read: /)],
  });
  await make('new', at('new'), '/new');
  await specs.delete({ record: await specs.record('shop', 'torn', signal) }, signal);
  expect(names().toSorted()).toEqual(['new', 'strange', 'web']);
});
