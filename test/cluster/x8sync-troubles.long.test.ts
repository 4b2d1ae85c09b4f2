/** What machines do to a copy: disks that can't be read, too little memory, pods that have to leave their nodes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { Pod } from '../../src/kube/api/objects.ts';
import { clientOf, get } from './support/clients.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { type Mounter, NetworkMount } from './support/network-mount.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { partArrives, Scene } from './support/scene.ts';
import { claimOn, deleteVolumesOf } from './support/volumes.ts';
import { type CopyDocument, documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

const failingDisk: Mounter = (folder, path) => [
  '/usr/bin/python3',
  join(import.meta.dirname, '../support/filesystems/failing.py'),
  folder,
  path,
];

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('troubles');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
const folder = mkdtempSync('/var/tmp/x8s-test-');
const patch = join(tmpdir(), `${scene.namespace}.yaml`);
afterAll(async () => {
  await scene.close();
  await deleteVolumesOf(scene, contextA, 'disk');
  rmSync(folder, { recursive: true });
  rmSync(patch, { force: true });
});

const pair = async (claim: string, source = 'source') => {
  await scene.claim(contextB, claim);
  return [scene.ref(contextA, source), scene.ref(contextB, claim)];
};

(isLab ? test : test.skip)('what a disk does not give out is named, and all else arrives', async () => {
  const mount = await NetworkMount.below(folder, failingDisk);
  try {
    for (const name of ['broken', 'whole', 'other'])
      writeFileSync(join(mount.elsewhere, name), name.repeat(400_000));
    await claimOn(scene, contextA, 'disk', { hostPath: { path: mount.path } });
    const claims = await pair('disk', 'disk');
    const ended = await x8sync(...claims, '-o', 'json');
    expect(ended.code).toBe(5);
    expect(documentOf<CopyDocument & { failures: string[] }>(ended)).toMatchObject({
      outcome: 'partial',
      failures: [expect.stringMatching(/broken/)],
    });
    expect(ended.stderr).toMatch(/Input\/output error|I\/O error|can't be read/i);
    expect((await scene.inspect(contextB, 'disk', 'ls')).trim().split('\n')).toEqual(['other', 'whole']);
  } finally {
    await mount.close();
  }
});

test.concurrent('pods with too little memory are said to be killed for it, on either side', async () => {
  const claims = await pair('hungry');
  const both = saidBy(await x8sync(...claims, '--memory', '4Mi:8Mi'), 1);
  expect(both).toMatch(/killed for memory again and again \(OOMKilled\)[\s\S]*hint: --memory/);
  const resources = '{ requests: { memory: 4Mi }, limits: { memory: 8Mi } }';
  writeFileSync(patch, `spec: { containers: [{ name: target, resources: ${resources} }] }\n`);
  const mover = await x8sync(...claims, '--pod-patch', `target=${patch}`);
  expect(mover.code).toBe(1);
  expect(mover.stderr).toMatch(/error: .*killed for memory \(OOMKilled/);
  expect(mover.stderr).toMatch(/--memory gives the pods more/);
  saidBy(await x8sync(...claims), 0);
});

test.concurrent('a copy whose pods are evicted on both sides, as when their nodes are drained, goes on', async () => {
  const claims = await pair('evicted');
  const running = startX8sync(...claims, '--name', 'evicted', '--bwlimit', '700K');
  await running.saw('Copy the files …');
  await partArrives(scene, contextB, 'evicted');
  for (const context of [contextB, contextA]) {
    const kube = await clientOf(context);
    const pods = (await get(context, scene.namespace, 'pods', 'x8s.dev/task=evicted')) as Pod[];
    expect(pods).toHaveLength(1);
    for (const { metadata } of pods)
      await kube.request({
        method: 'POST',
        path: `/api/v1/namespaces/${scene.namespace}/pods/${metadata.name}/eviction`,
        what: `the eviction of pod ${metadata.name}`,
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: metadata.name, namespace: scene.namespace },
        },
      });
  }
  saidBy(await running.ended, 0);
  await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'evicted']);
  expect(await scene.leftovers('evicted')).toEqual([]);
});
