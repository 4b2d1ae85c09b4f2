/** A copy between two claims that several nodes see, spread over pods. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { StreamsReport } from '../../plugins/x8sync/mover/protocol/protocol.ts';
import { eventuallySees } from '../support/eventually.ts';
import { apply, get } from './support/clients.ts';
import { contextA, isLab } from './support/contexts.ts';
import { manyKinds } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import type { Running } from './support/process.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { type CopyDocument, documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

type Document = CopyDocument & { readonly streams: StreamsReport; readonly strategy: string };

interface SeenPod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase?: string };
}

const shared = { storageClass: 'shared', accessModes: ['ReadWriteMany'], size: '512Mi' };

/** Enough for a worker to come before all of it is copied. */
const bulk = 'cd /data; mkdir -p bulk; for i in $(seq 80); do head -c 1M /dev/urandom >bulk/$i; done';
const little = 'cd /data; for i in $(seq 12); do head -c 1M /dev/urandom >$i; done';

/** Two claims, the first filled. */
async function place(purpose: string, script: string): Promise<{ scene: Scene; claims: string[] }> {
  const scene = await Scene.open(purpose);
  await Promise.all(['source', 'target'].map((claim) => scene.claim(contextA, claim, shared)));
  await scene.shell(contextA, 'source', script);
  return { scene, claims: [scene.ref(contextA, 'source'), scene.ref(contextA, 'target')] };
}

/** Some 25 s for {@link bulk}: a worker has come by then, on a busy machine too. */
const spread = ['--pods', '2', '--parallelism', '4', '--partition-files', '3', '--bwlimit', '3M'];

const workersOf = async (scene: Scene): Promise<SeenPod[]> =>
  (await get<SeenPod>(contextA, scene.namespace, 'pods', 'x8s.dev/worker')).filter(
    ({ status }) => status.phase === 'Running',
  );

/** A worker's pod that has begun to copy. */
async function workerAtWork(scene: Scene): Promise<SeenPod> {
  const parts = 'find .x8sync/work -path "*/tmp-*" -type f 2>/dev/null || true';
  await eventuallySees(
    () => scene.inspect(contextA, 'target', parts),
    (found) => found.trim() !== '',
  );
  const [pod] = await workersOf(scene);
  if (!pod) throw new Error('no worker runs');
  return pod;
}

const scenes: Scene[] = [];
afterAll(() => Promise.all(scenes.map((scene) => scene.close())));

const onLab = isLab ? test : test.skip;

describe('over two pods', () => {
  onLab(
    'every kind of file arrives, the worker is on the other node, and nothing of it is left',
    async () => {
      const { scene, claims } = await place('workers-kinds', `${manyKinds}\n${bulk}\n`);
      scenes.push(scene);
      const before = await treeOf(scene, contextA, 'source');
      const running = startX8sync(...claims, ...spread, '--verify', '--verbose', '-o', 'json');
      const worker = await workerAtWork(scene);
      const all = await get<SeenPod>(contextA, scene.namespace, 'pods');
      expect(all).toHaveLength(2);
      expect(new Set(all.map(({ spec }) => spec.nodeName)).size).toBe(2);
      expect(worker.metadata.labels['x8s.dev/role']).toBe('target');
      const ended = await running.ended;
      expect(ended.stderr).toMatch(/mover: worker 1 \(\S+\) takes part, with 2 of the streams/);
      expect(ended.stderr).toMatch(/mover: stream \d \(worker 1\): \d+ files?, /);
      const document = documentOf<Document>(ended);
      expect(document).toMatchObject({ outcome: 'ok', strategy: 'mount', failures: [], lost: [] });
      expect(document.streams).toMatchObject({ parallelism: 4, pods: { copied: 2, asked: 2 } });
      expect(document.streams.pods.files).toBeGreaterThan(2);
      expect(document.verification).toMatchObject({ different: 0 });
      const copied = await treeOf(scene, contextA, 'target');
      expect(differences(before, copied)).toEqual([]);
      expect(Number(copied.get('sparse')?.blocks)).toBeLessThan(1000);
      expect(await scene.inspect(contextA, 'target', 'ls -d .x8sync 2>/dev/null || echo none')).toBe(
        'none\n',
      );
      expect(await scene.leftovers()).toEqual([]);
    },
  );

  onLab(
    'a worker whose pod is killed: what it was at comes by others, and another pod takes its place',
    async () => {
      const { scene, claims } = await place('workers-killed', bulk);
      scenes.push(scene);
      const running = startX8sync(...claims, ...spread, '--verify', '-o', 'json');
      const { metadata } = await workerAtWork(scene);
      const now = ['--force', '--grace-period=0', '--wait=false'];
      await kubectl(contextA, ['-n', scene.namespace, 'delete', 'pod', metadata.name, ...now]);
      const document = documentOf<Document>(await running.ended);
      expect(document).toMatchObject({ outcome: 'ok', failures: [], verification: { different: 0 } });
      expect(document.streams.again).toBeGreaterThan(0);
      await expectSameTrees([scene, contextA, 'source'], [scene, contextA, 'target']);
      expect(await scene.leftovers()).toEqual([]);
    },
  );

  onLab('a worker that a quota refuses, or that no node takes, is done without', async () => {
    const [quota, ports] = await Promise.all([
      place('workers-quota', little),
      place('workers-ports', little),
    ]);
    scenes.push(quota.scene, ports.scene);
    await apply(contextA, quota.scene.namespace, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'one' },
      spec: { hard: { pods: '1' } },
    });
    const hostPort = 20_000 + Math.floor(Math.random() * 9000);
    await apply(contextA, ports.scene.namespace, portHolder(hostPort));
    const folder = await mkdtemp(join(tmpdir(), 'x8s-patch-'));
    const patch = join(folder, 'patch.json');
    const container = { name: 'mover', ports: [{ containerPort: 9999, hostPort }] };
    writeFileSync(patch, JSON.stringify({ spec: { containers: [container] } }));
    try {
      const documents = await Promise.all(
        [
          [...quota.claims, ...spread],
          [...ports.claims, ...spread, '--pod-patch', patch],
        ].map(async (args) => documentOf<Document>(await x8sync(...args, '-o', 'json'))),
      );
      for (const document of documents)
        expect(document).toMatchObject({
          outcome: 'ok',
          strategy: 'mount',
          streams: { pods: { copied: 1, asked: 2, files: 0 } },
        });
    } finally {
      await rm(folder, { recursive: true });
    }
    for (const { scene } of [quota, ports]) {
      await expectSameTrees([scene, contextA, 'source'], [scene, contextA, 'target']);
      expect(await scene.leftovers()).toEqual([]);
    }
  });
});

/** Keeps a port of one node, so that a pod which wants it has one node less. */
const portHolder = (hostPort: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'holder' },
  spec: {
    nodeName: 'lab-a-2',
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'holder',
        image: 'x8s.dev/test/static:1',
        command: ['/static', '600'],
        ports: [{ containerPort: 9999, hostPort }],
      },
    ],
  },
});

describe('a run over two pods', () => {
  /** Started under a name; resolves once a worker copies. */
  const named = [...spread, '--name', 'spread', '--verify'];
  async function begun(scene: Scene, claims: readonly string[]): Promise<Running> {
    const running = startX8sync(...claims, ...named);
    await workerAtWork(scene);
    return running;
  }

  onLab('that is killed is taken up with its worker, and another task is refused meanwhile', async () => {
    const { scene, claims } = await place('workers-resumed', bulk);
    scenes.push(scene);
    const running = await begun(scene, claims);
    running.child.kill('SIGKILL');
    await running.ended;
    expect(saidBy(await x8sync(...claims, '--name', 'other'), 3)).toMatch(/task spread has a mover on/);
    expect(saidBy(await x8sync('status', 'spread', '--context', contextA, '-n', scene.namespace), 0)).toMatch(
      /Running/,
    );
    const again = saidBy(await x8sync(...claims, ...named), 0);
    expect(again).toMatch(/is taken up, with both claims mounted[\s\S]*pods {9}2 copied/);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextA, 'target']);
    expect(await scene.leftovers()).toEqual([]);
  });

  onLab('that is left to itself is attached to, and that is cancelled leaves no pod', async () => {
    const [detached, cancelled] = await Promise.all([
      place('workers-detached', bulk),
      place('workers-cancelled', bulk),
    ]);
    scenes.push(detached.scene, cancelled.scene);
    const where = ({ scene }: typeof detached) => ['--context', contextA, '-n', scene.namespace];
    const left = x8sync(...detached.claims, ...spread, '--name', 'spread', '--detach');
    const running = await begun(cancelled.scene, cancelled.claims);
    saidBy(await x8sync('cancel', 'spread', ...where(cancelled)), 0);
    expect((await running.ended).code).not.toBe(0);
    expect(await cancelled.scene.leftovers()).toEqual([]);
    expect(await get(contextA, cancelled.scene.namespace, 'pods')).toEqual([]);
    saidBy(await left, 0);
    expect(saidBy(await x8sync('attach', 'spread', ...where(detached)), 0)).toMatch(/pods {9}2 copied/);
    await expectSameTrees([detached.scene, contextA, 'source'], [detached.scene, contextA, 'target']);
    expect(await detached.scene.leftovers()).toEqual([]);
  });
});

onLab('claims of one node are copied by one pod, whatever was asked for, and it is said why', async () => {
  const scene = await Scene.open('workers-one');
  scenes.push(scene);
  await Promise.all(['source', 'target'].map((claim) => scene.claim(contextA, claim)));
  await scene.shell(contextA, 'source', 'echo one >/data/file');
  const claims = ['source', 'target'].map((claim) => scene.ref(contextA, claim));
  const document = documentOf<Document>(await x8sync(...claims, '--pods', '4', '-o', 'json'));
  expect(document).toMatchObject({ outcome: 'ok', strategy: 'mount' });
  expect(document.streams.pods).toMatchObject({
    copied: 1,
    asked: 1,
    why: 'the target claim is not ReadWriteMany',
  });
});
