/** A standby of Deployments, and its promotion, by somebody who lacks one verb: a run that needs it says which. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { deployments } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { plugin, startPlugin } from './support/kubectl.ts';
import { Person } from './support/limited.ts';
import { Pair } from './support/nsreplicate.ts';
import { type GivenVerb, givePrinted } from './support/printed-rights.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const kinds = ['--kinds', 'deployments'];
let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('verbs');
});
afterAll(async () => {
  await pair.close();
  rmSync(folder, { recursive: true });
});

/** Somebody with these rights, the flags by which they come, and what takes the rights back. */
async function somebody(...flags: string[]) {
  const person = new Person();
  const [from, to] = [join(folder, `${person.name}-from.yaml`), join(folder, `${person.name}-to.yaml`)];
  const files = [
    person.kubeconfigFor(contextA, from, 'from'),
    person.kubeconfigFor(contextB, to, 'to'),
  ] as const;
  const { verbs, takeBack } = await givePrinted(pair, person, ...kinds, ...flags);
  const end = async () => {
    await takeBack();
    await person.forget();
  };
  return { files, verbs, end };
}

const deployment = (name: string, replicas: number): KubeObject =>
  ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'none' }] },
      },
    },
  }) as KubeObject;

/** What a watch asks for each time that it runs; the others are for the first run, or for what does not happen here. */
const used: Readonly<Record<GivenVerb['side'], Readonly<Record<string, readonly string[]>>>> = {
  primary: { deployments: ['get', 'list', 'watch'], horizontalpodautoscalers: ['list', 'watch'] },
  replica: { deployments: ['list', 'watch', 'patch', 'create', 'delete'], configmaps: ['get'] },
  state: {
    leases: ['get', 'update'],
    configmaps: ['get', 'list', 'watch', 'update'],
    secrets: ['get'],
  },
};

test('a watch of a standby says which verb it lacks', async () => {
  const { files, verbs, end } = await somebody('--prune');
  const flags = ['--name', pair.task, '--sync-namespaces', pair.namespace, ...kinds, '--standby'];
  const task = [...flags, '--primary', files[0], '--replica', files[1]];
  await pair.put(pair.from, deployment('kept', 0));
  await eventually(async () =>
    expect(await plugin('nsreplicate', ['--once', ...task])).toMatchObject({ code: 0 }),
  );
  const taken = verbs.filter(({ side, resource, verb }) => used[side][resource]?.includes(verb));
  expect(taken.length).toBeGreaterThan(15);
  for (const [index, { side, resource, verb, without }] of taken.entries()) {
    await pair.put(pair.from, deployment('gone', 0));
    await eventually(async () =>
      expect(await plugin('nsreplicate', ['--once', ...task])).toMatchObject({ code: 0 }),
    );
    await without(async () => {
      await eventually(async () =>
        expect(await plugin('nsreplicate', ['doctor', ...task])).toMatchObject({ code: 4 }),
      );
      const running = startPlugin('nsreplicate', [...task, '--prune']);
      try {
        await pair.put(pair.from, deployment('kept', index + 1), deployment(`new-${index}`, 0));
        await pair.delete(pair.from, 'deployments', 'gone');
        await eventually(async () => {
          const told = [
            running.output.stderr,
            (await pair.ask('status')).stdout,
            (await pair.ask('jobs', '-o', 'json')).stdout,
          ];
          expect([side, told.join('\n')]).toEqual([
            side,
            expect.stringMatching(new RegExp(`(cannot|may not) ${verb} (resource ")?${resource}`)),
          ]);
        });
      } finally {
        running.child.kill('SIGTERM');
        await running.ended;
      }
    });
  }
  await end();
});

test('a promotion says which verb it lacks, and wakes what waits once it has it', async () => {
  await pair.put(pair.from, deployment('kept', 1));
  expect((await pair.copy('--standby', ...kinds)).code).toBe(0);
  const { files, verbs, end } = await somebody('--doing', 'promote');
  const promote = ['promote', 'to', '--primary', 'from', '--name', pair.task, '-y', '--ready-timeout', '5s'];
  const promoted = () => plugin('nsreplicate', promote, { KUBECONFIG: files.join(':') });
  const needed = verbs.filter(
    ({ side, resource, verb }) =>
      side === 'replica' &&
      ['list deployments', 'list statefulsets', 'list cronjobs', 'patch deployments'].includes(
        `${verb} ${resource}`,
      ),
  );
  expect(needed).toHaveLength(4);
  for (const { resource, verb, without } of needed)
    await without(async () => {
      await eventually(async () => {
        const { code, stdout, stderr } = await promoted();
        expect(code).not.toBe(0);
        expect(stdout + stderr).toMatch(new RegExp(`(cannot|may not) ${verb} (resource ")?${resource}`));
      });
    });
  await promoted();
  const place = { name: 'kept', namespace: pair.namespace };
  await eventually(async () =>
    expect(await pair.to.find(deployments, place)).toMatchObject({ spec: { replicas: 1 } }),
  );
  await end();
});
