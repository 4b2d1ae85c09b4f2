/** `doctor`: what stands for and against a copy, before anything is made. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { apply, get } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { leastMemory } from './support/policies.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

interface Document {
  readonly findings: readonly {
    readonly side: string;
    readonly check: string;
    readonly verdict: string;
    readonly message: string;
  }[];
  readonly strategies: readonly {
    readonly name: string;
    readonly open: boolean;
    readonly tried: boolean;
    readonly reason: string;
  }[];
  readonly rights: readonly { readonly verb: string; readonly resource: string; readonly allowed: boolean }[];
}

let scene: Scene;
let source: string;
let target: string;
beforeAll(async () => {
  scene = await Scene.open('doctor');
  source = scene.ref(contextA, 'source');
  target = scene.ref(contextB, 'target');
  await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
  await scene.shell(contextA, 'source', someFiles(8));
  await scene.user(contextA, 'its-user', 'source');
});
afterAll(() => scene.close());

async function examined(...args: string[]): Promise<Document & { readonly code: number | null }> {
  const ended = await x8sync('doctor', ...args, '-o', 'json');
  return { code: ended.code, ...documentOf<Document>(ended) };
}

/** What was found of one check, a line each. */
const found = ({ findings }: Document, check: string, side = ''): string[] =>
  findings
    .filter((one) => one.check === check && one.side.startsWith(side))
    .map(({ verdict, message }) => `${verdict}: ${message}`);

test('where nothing stands against it, the exit code is 0, and nothing was made', async () => {
  const before = await recordsAndEvents();
  const document = await examined(source, target);
  expect(document.code).toBe(0);
  expect(document.findings.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
  expect(document.rights.length).toBeGreaterThan(40);
  expect(document.strategies.map(({ name, open, tried }) => [name, open, tried])).toEqual([
    ['nodeport', true, true],
    ['relay', true, true],
    ['mount', false, false],
    ['clusterip', false, false],
    ['loadbalancer', true, false],
  ]);
  expect(found(document, 'strategy loadbalancer').join()).toMatch(
    /note: open, and not tried.*internet.*--strategy loadbalancer/,
  );
  expect(found(document, 'room').join()).toMatch(/256 MiB/);
  expect(found(document, 'mounted by', 'source').join()).toMatch(/note: its-user \(on \S+\): .*half changed/);
  expect(found(document, 'pod admission').join()).toMatch(/ok: admits a pod that is root/);
  const said = saidBy(await x8sync('doctor', source, target), 0);
  expect(said).toMatch(/^SIDE +CHECK +VERDICT +FOUND\n/);
  expect(await recordsAndEvents()).toEqual(before);
  expect(await scene.leftovers()).toEqual([]);
});

/** Names of all ConfigMaps and Jobs: what a copy makes first. */
async function recordsAndEvents(): Promise<string[]> {
  const lists = await Promise.all(
    scene.contexts.map((context) => get(context, scene.namespace, 'configmaps,jobs,services')),
  );
  return lists.flat().map(({ metadata }) => metadata.uid);
}

test('a namespace that admits little is described: who the pods are, which quota and which limit is in the way', async () => {
  const small = await Scene.open('doctor-small', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  try {
    await small.claim(contextB, 'target');
    await apply(contextB, small.namespace, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'no-secrets' },
      spec: { hard: { secrets: '0' } },
    });
    await leastMemory(contextB, small.namespace, 'large-only', '128Mi');
    await kubectl(contextB, [
      ...['-n', small.namespace, 'wait', '--timeout=180s', 'resourcequota/no-secrets'],
      '--for=jsonpath={.status.hard.secrets}=0',
    ]);
    const document = await examined(source, small.ref(contextB, 'target'));
    expect(document.code).toBe(3);
    expect(found(document, 'pod admission', 'target').join()).toMatch(
      /failed: .*minimum memory usage per Container/,
    );
    expect(found(document, 'limit range', 'target').join()).toMatch(
      /large-only: memory: 64Mi is asked for, 128Mi is the least/,
    );
    expect(found(document, 'quota', 'target').join()).toMatch(
      /no-secrets has no room: secrets: 0 of 0 is used/,
    );
    await kubectl(contextB, ['-n', small.namespace, 'delete', 'limitrange/large-only']);
    // The API server hears of that a moment later.
    await eventually(async () => {
      const freed = await examined(source, small.ref(contextB, 'target'));
      expect(found(freed, 'pod admission', 'target').join()).toMatch(/note: admits no root in a pod/);
    });
  } finally {
    await small.close();
  }
});

test('who may do nothing is told each verb, by exit code 4; a target in use is refused, by 3', async () => {
  const stranger = await examined(source, target, '--as', `${scene.namespace}-stranger`);
  expect(stranger.code).toBe(4);
  expect(found(stranger, 'permissions', 'target').join('\n')).toMatch(
    /failed: jobs\.batch: may not get, list, watch, create, delete/,
  );
  await scene.user(contextB, 'in-the-way', 'target');
  const used = await examined(source, target);
  expect(used.code).toBe(3);
  expect(found(used, 'claim', 'target').join()).toMatch(/failed: .*in use by pod in-the-way/);
  expect((await examined(source, target, '--allow-mounted')).code).toBe(0);
});
