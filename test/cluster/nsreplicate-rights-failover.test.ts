/** A promotion and a demotion by who has just the rights that `rbac` prints for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/objects.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { Holder } from './support/grants.ts';
import { plugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const one of undo.reverse()) await one().catch(() => undefined);
  rmSync(folder, { recursive: true });
}, 60_000);

type CronJob = KubeObject & { spec: { suspend?: boolean } };

/** Ready as soon as it is awake: no node is needed. */
const nightly = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly' },
  spec: {
    schedule: '0 3 1 1 *',
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] } } },
    },
  },
} as KubeObject;
const kinds = ['--kinds', 'cronjobs'];

/** A task whose replica holds a CronJob. */
async function standby(purpose: string): Promise<Pair> {
  const pair = await Pair.open(purpose);
  undo.push(() => pair.close());
  await pair.put(pair.from, nightly);
  expect((await pair.copy('--standby', ...kinds)).code).toBe(0);
  return pair;
}

function newHolder(): Holder {
  const holder = new Holder(folder);
  undo.push(() => holder.forget());
  return holder;
}

test('a promotion needs no more than what rbac prints for it', async () => {
  const pair = await standby('least-up');
  const holder = newHolder();
  await holder.grant(pair.from, pair.to, [...pair.flags, ...kinds, '--doing', 'promote']);
  const promote = ['promote', 'to', '--primary', 'from', '--name', pair.task, '-y'];
  await eventually(async () => {
    const ended = await plugin('nsreplicate', promote, { KUBECONFIG: holder.paths.join(':') });
    expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 .*woken: CronJob/s);
  }, 40_000);
  expect(await pair.copyOf('cronjobs', 'nightly')).toMatchObject({ spec: { suspend: false } });
}, 90_000);

test('a demotion needs what rbac prints for it, all of it: without one verb it names that, and does nothing', async () => {
  const pair = await standby('least-down');
  const promote = ['promote', contextB, '--primary', contextA, '--name', pair.task, '-y'];
  expect(await plugin('nsreplicate', promote)).toMatchObject({ code: 0 });
  const holder = newHolder();
  const flags = ['--name', pair.task, '--sync-namespaces', pair.namespace, ...kinds];
  const clusters = ['--primary', contextB, '--replica', contextA];
  await holder.grant(pair.to, pair.from, [...flags, ...clusters, '--doing', 'demote']);
  const demote = () =>
    plugin('nsreplicate', ['demote', 'from', '--primary', 'to', ...flags, '-y'], {
      KUBECONFIG: holder.paths.join(':'),
    });
  const original = () => pair.find<CronJob>(pair.from, 'cronjobs', 'nightly');
  const before = await original();
  for (const one of holder.grants.verbs())
    await holder.grants.without(one, () =>
      eventually(async () => {
        const { code, stderr } = await demote();
        expect({ code, stderr }).toMatchObject({ code: 4 });
        const missing = stderr.match(/(may not|cannot) [a-z]+ (resource ")?[a-z]+/g) ?? [];
        expect(missing.map((text) => text.replace(/may not |cannot |resource "/g, ''))).toEqual([
          `${one.verb} ${one.rule.resources[0]}`,
        ]);
      }),
    );
  expect(await original()).toEqual(before);
  await eventually(async () => {
    const { code, stderr } = await demote();
    expect(`${code} ${stderr}`).toMatch(/^0 .*is a standby of to/s);
  });
  expect(await original()).toMatchObject({ spec: { suspend: true } });
}, 180_000);
