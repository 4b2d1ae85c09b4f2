/** A source that dials its target, together with all else: a cutover, devices, streams, lists of copies, a comparison. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { manyKinds, someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { deployRows, replicasOf } from './support/rows.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('push-whole');
const folder = mkdtempSync(join(tmpdir(), 'x8sync-push-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  return scene.close();
});
const { namespace } = scene;
const [here, there] = [
  { context: contextA, namespace },
  { context: contextB, namespace },
];
const device = { storageClass: 'block', volumeMode: 'Block', size: '32Mi' } as const;
const kindOfService = async (context: string) =>
  kubectl(context, ['-n', namespace, 'get', 'services', '-l', 'app.kubernetes.io/managed-by', '-o', 'name']);

test('a cutover that is killed in its middle is put right, and no Service ever leads to the source', async () => {
  await Promise.all([scene.claim(contextA, 'db'), scene.claim(contextB, 'db')]);
  await scene.shell(contextA, 'db', someFiles(2));
  await Promise.all([deployRows(here, 'db', 'db', 1), deployRows(there, 'db', 'db', 0)]);
  const args = ['--push', '--cutover', '--downtime-goal', '2m', '--name', 'pushed'];
  const command = [...args, scene.ref(contextA, 'db'), scene.ref(contextB, 'db')];
  const running = startX8sync(...command);
  await eventually(async () => expect(await replicasOf(here, 'db')).toBe(0));
  running.child.kill('SIGKILL');
  await running.ended;
  expect(await kindOfService(contextA)).toBe('');
  const ended = await x8sync(...command, '-o', 'json');
  saidBy(ended, 0);
  expect(documentOf(ended)).toMatchObject({
    resumed: true,
    started: ['Deployment db (1)'],
    verification: { different: 0 },
  });
  expect(await Promise.all([replicasOf(here, 'db'), replicasOf(there, 'db')])).toEqual([0, 1]);
  expect(await scene.leftovers('pushed')).toEqual([]);
});

test('a device, over several streams, killed and gone on with, is the same at the end', async () => {
  const write = 'head -c 24M /dev/urandom | dd of=/dev/data bs=64K iflag=fullblock conv=notrunc 2>&1';
  await Promise.all([scene.claim(contextA, 'disk', device), scene.claim(contextB, 'disk', device)]);
  await scene.run(contextA, { claim: 'disk', isDevice: true, script: write });
  const args = ['--push', '--verify', '--parallelism', '3', '--name', 'disk'];
  const command = [...args, scene.ref(contextA, 'disk'), scene.ref(contextB, 'disk')];
  const running = startX8sync(...command, '--bwlimit', '4M');
  await running.saw('Copy the files …');
  running.child.kill('SIGKILL');
  await running.ended;
  const ended = await x8sync(...command, '--bwlimit', '4M', '-o', 'json');
  saidBy(ended, 0);
  expect(documentOf(ended)).toMatchObject({
    ...{ outcome: 'ok', strategy: 'nodeport', verification: { unit: 'blocks', different: 0 } },
    device: { blocks: 512 },
  });
  const verified = documentOf(await x8sync('verify', '--push', 'disk', '--context', contextB, '-o', 'json'));
  expect(verified).toMatchObject({ outcome: 'ok', verification: { different: 0 } });
});

test('partitions and ranges over many streams of one tunnel, compared afterwards', async () => {
  await Promise.all([scene.claim(contextA, 'tree'), scene.claim(contextB, 'tree')]);
  await scene.shell(contextA, 'tree', `${manyKinds}\n${someFiles(40)}`);
  const pair = [scene.ref(contextA, 'tree'), scene.ref(contextB, 'tree')];
  const parts = ['--parallelism', '8', '--partition-files', '20'];
  const copied = documentOf(await x8sync('--push', ...parts, '--verify', ...pair, '-o', 'json'));
  expect(copied).toMatchObject({
    ...{ outcome: 'ok', lost: [], verification: { different: 0 } },
    streams: { parallelism: 8 },
  });
  const trees = await Promise.all([treeOf(scene, contextA, 'tree'), treeOf(scene, contextB, 'tree')]);
  expect(differences(...trees)).toEqual([]);
  await scene.shell(
    contextB,
    'tree',
    'cd /data; f=$(find . -type f -size +0 | sort | head -1); chown 4711 "$f"',
  );
  const compared = documentOf(await x8sync('verify', '--push', ...pair, '-o', 'json'));
  expect(compared).toMatchObject({ outcome: 'differs', verification: { aspects: { owner: 1 } } });
});

test('a whole namespace, and a list in which one is pushed, one is pulled, and one fails', async () => {
  const all = await Scene.open('push-all');
  try {
    const names = ['one', 'two', 'three'];
    await Promise.all(names.map((name) => all.claim(contextA, name)));
    await Promise.all(names.map((name) => all.shell(contextA, name, `echo ${name} >/data/file`)));
    const [from, to] = [`${contextA}/${all.namespace}`, `${contextB}/${all.namespace}`];
    const whole = ['--push', '--all', '--create-target', '--verify', '--max-tasks', '3', from, to];
    expect(documentOf(await x8sync(...whole, '-o', 'json'))).toMatchObject({ copied: 3, failed: 0 });
    expect(await all.inspect(contextB, 'three', 'cat file')).toBe('three\n');

    const entry = (name: string, target: string, options: object) => ({
      source: all.ref(contextA, name),
      target: all.ref(contextB, target),
      'create-target': true,
      ...options,
    });
    const list = join(folder, 'copies.json');
    const items = [
      entry('one', 'pushed', { push: true, verify: true }),
      entry('two', 'pulled', { verify: true }),
      entry('three', 'lost', { push: true, strategy: 'nodeport', 'target-host': '127.0.0.1:9' }),
    ];
    writeFileSync(list, JSON.stringify(items));
    const ended = await x8sync('-f', list, '--max-tasks', '3', '-o', 'json');
    saidBy(ended, 5);
    const { copies } = documentOf<{ copies: { target: string; outcome: string }[] }>(ended);
    const outcomes = copies.map(({ target, outcome }) => `${target.split('/').at(-1)} ${outcome}`);
    expect(outcomes.sort()).toEqual(['lost failed', 'pulled copied', 'pushed copied']);
    expect(await all.inspect(contextB, 'pushed', 'cat file')).toBe('one\n');
    expect(await all.leftovers()).toEqual([]);
  } finally {
    await all.close();
  }
});
