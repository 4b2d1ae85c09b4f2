/** What a run tells of itself while it copies and at its end: how far it is, what it compared, what it changed. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { Scene } from './support/scene.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('told');
afterAll(() => scene.close());

async function claims(name: string, script: string): Promise<[source: string, target: string]> {
  const [source, target] = [`${name}-source`, `${name}-target`];
  await Promise.all([scene.claim(contextA, source), scene.claim(contextB, target)]);
  await scene.shell(contextA, source, script);
  return [scene.ref(contextA, source), scene.ref(contextB, target)];
}

test.concurrent('progress counts what is there, and not what the disk behind the volume has in use', async () => {
  const args = await claims('progress', 'cd /data; head -c 14M /dev/urandom >big; touch a b c');
  const said = saidBy(await x8sync(...args, '--bwlimit', '1M'), 0);
  expect(said).toMatch(/\d% · [\d.]+ MiB\/14(\.0)? MiB · \d+\/5 entries · /);
}, 90_000);

test.concurrent("somebody's own .x8sync in the source is not copied, which is said", async () => {
  const args = await claims('own', 'cd /data; mkdir .x8sync; touch .x8sync/mine file');
  const said = saidBy(await x8sync(...args), 0);
  expect(said).toMatch(/Warning: \.x8sync of the source is not copied/);
  expect(await scene.inspect(contextB, 'own-target', 'ls -A')).toBe('file\n');
}, 90_000);
