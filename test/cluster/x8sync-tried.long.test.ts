/** What strangers have tried, and what went wrong then: see docs/tried/x8sync.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { moverImage } from './support/mover.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('tried');
const folder = mkdtempSync(join(tmpdir(), 'x8sync-tried-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  return scene.close();
});
const { namespace } = scene;

test.concurrent('a StatefulSet that deletes its claims as it stops is not stopped', async () => {
  const labels = { app: 'db' };
  const container = {
    name: 'app',
    image: moverImage,
    command: ['node', '-e', 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1000)'],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  const resources = { requests: { storage: '64Mi' } };
  await apply(contextA, namespace, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      replicas: 1,
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
      volumeClaimTemplates: [
        { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources } },
      ],
    },
  });
  await Promise.all([
    scene.claim(contextA, 'moved'),
    kubectl(contextA, ['-n', namespace, 'rollout', 'status', 'statefulset/db', '--timeout=180s']),
  ]);
  const pair = [scene.ref(contextA, 'data-db-0'), scene.ref(contextA, 'moved')];
  const refused = saidBy(await x8sync('--cutover', '--then', 'nothing', ...pair), 3);
  expect(refused).toMatch(/StatefulSet db deletes its claims when it is scaled down/);
  const there = ['-n', namespace, 'get', 'statefulset/db', '-o', 'jsonpath={.spec.replicas}'];
  expect(await kubectl(contextA, there)).toBe('1');
});

test.concurrent('two folders of one target are filled one after the other, and one folder not by two', async () => {
  await Promise.all(['one', 'two', 'both'].map((claim) => scene.claim(contextA, claim)));
  await Promise.all(['one', 'two'].map((claim) => scene.shell(contextA, claim, `echo ${claim} >/data/file`)));
  const list = (paths: readonly string[]) => {
    const copies = ['one', 'two'].map((claim, index) => ({
      source: scene.ref(contextA, claim),
      target: scene.ref(contextA, 'both'),
      'target-path': paths[index],
      delete: true,
    }));
    const file = join(folder, `${encodeURIComponent(paths.join())}.json`);
    writeFileSync(file, JSON.stringify(copies));
    return x8sync('-f', file, '-o', 'json');
  };
  expect(documentOf(await list(['a', 'b']))).toMatchObject({ copied: 2 });
  expect(await scene.inspect(contextA, 'both', 'cat a/file b/file')).toBe('one\ntwo\n');
  expect(saidBy(await list(['a', 'a/b']), 2)).toMatch(/write to the same folder/);
});
