/** Bad input: each kind gets its exit code and a clear message, and leaves nothing behind. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { apply, get } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { expectEnd, expectNoRecords } from './support/refused-run.ts';
import { granted, grantIn } from './support/roles.ts';
import { Scene } from './support/scene.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

let scene: Scene;
let source: string;
let target: string;

beforeAll(async () => {
  scene = await Scene.open('refused');
  source = scene.ref(contextA, 'source');
  target = scene.ref(contextB, 'target');
  await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
  await scene.shell(contextA, 'source', someFiles(8));
});
afterEach(async () => {
  expect(await scene.leftovers()).toEqual([]);
});
afterAll(() => scene.close());

describe('what is not there', () => {
  test.each([
    ['context', 2, () => ['no-such-context/x/y', target], [/no-such-context/, /lab-a|contexts/]],
    ['namespace', 1, () => [`${contextA}/no-such-namespace/source`, target], [/no-such-namespace/]],
    ['source claim', 1, () => [scene.ref(contextA, 'absent'), target], [/absent/, /not found/]],
    [
      'target claim',
      1,
      () => [source, scene.ref(contextB, 'absent')],
      [/absent/, /not found/, /--create-target/],
    ],
    ['name that can be a claim', 2, () => ['a/b/Not_A_Claim', target], [/Not_A_Claim/, /CLAIM/]],
    ['source in the command line', 2, () => [], [/SOURCE/]],
  ] as const)('no %s', async (_, code, args, parts) => {
    await expectEnd(code, [...parts], ...args());
    await expectNoRecords(scene);
  });

  test.each([
    ['capital letters', 'Move'],
    ['too long for a StatefulSet', 'x'.repeat(60)],
  ])('a task name with %s', async (_, name) => {
    await expectEnd(2, [/name/], source, target, '--name', name);
    await expectNoRecords(scene);
  });
});

describe('claims that will not do', () => {
  test('a source that is not bound', async () => {
    await scene.claim(contextA, 'unbound');
    await expectEnd(1, [/unbound is Pending/], scene.ref(contextA, 'unbound'), target);
    await expectNoRecords(scene);
  });

  test('a source that is being deleted is refused at once: no pod can mount it any more', async () => {
    await scene.claim(contextA, 'leaving');
    await scene.user(contextA, 'its-user', 'leaving');
    await kubectl(contextA, ['-n', scene.namespace, 'delete', 'pvc/leaving', '--wait=false']);
    const said = saidBy(await x8sync(scene.ref(contextA, 'leaving'), target), 3);
    expect(said).toMatch(/leaving is being deleted/);
    expect(said).not.toMatch(/Serve the source|Start the mover/);
    await expectNoRecords(scene);
  });

  test('a source of blocks instead of files', async () => {
    await apply(contextA, scene.namespace, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'block' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Block',
        resources: { requests: { storage: '1Mi' } },
      },
    });
    await expectEnd(2, [/block volume/], scene.ref(contextA, 'block'), target);
  });

  test('source and target are one', async () => {
    await expectEnd(3, [/same volume/], source, source);
    await expectNoRecords(scene);
  });
});

describe('a name in use', () => {
  test('by somebody else in the source cluster is left alone', async () => {
    const metadata = { name: 'x8sync-theirs-source' };
    await apply(contextA, scene.namespace, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { a: 'b' },
    });
    await expectEnd(3, [/x8sync-theirs-source/, /not made by/], source, target, '--name', 'theirs');
    const [theirs] = (
      await get<{ metadata: { name: string }; data: object }>(contextA, scene.namespace, 'configmaps')
    ).filter(({ metadata: { name } }) => name === metadata.name);
    expect(theirs?.data).toEqual({ a: 'b' });
  });
});

describe('clusters that do not answer, or say no', () => {
  test('an unreachable cluster is named', async () => {
    const args = ['--server', 'https://192.0.2.1:6443', '--request-timeout', '2s'];
    await expectEnd(4, [/no answer from https:\/\/192\.0\.2\.1:6443/], 'list', ...args);
  });

  test('a user who may do little is told each verb on each resource that is missing', async () => {
    const rules = [
      { apiGroups: [''], resources: ['persistentvolumeclaims', 'pods'], verbs: ['get', 'list', 'watch'] },
    ];
    const role = granted('reader', rules, { kind: 'User', name: 'narrow' });
    await Promise.all(
      scene.contexts.map((context) => grantIn(context, scene.namespace, role, ['--as', 'narrow'])),
    );
    await expectEnd(
      4,
      [
        /narrow \(impersonated by/,
        /may not create statefulsets\.apps in namespace/,
        /may not create jobs\.batch in namespace/,
        /may not create secrets in/,
      ],
      source,
      target,
      '--as',
      'narrow',
    );
    await expectNoRecords(scene);
  });
});
