/** A part of a claim, and who it is given to, as a person asks for it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { programFolder } from './support/files.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('selection');
const folder = mkdtempSync(join(tmpdir(), 'x8sync-patterns-'));
const patterns = join(folder, 'patterns');
writeFileSync(patterns, '# what nobody misses\n+ important.log\n*.log\n');
afterAll(() => {
  rmSync(folder, { recursive: true });
  return scene.close();
});
const [source, target] = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];

// Not in beforeAll: concurrent tests begin before it.
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', programFolder);

test.concurrent('a folder goes to a folder, and verify knows what was copied', async () => {
  await scene.claim(contextB, 'target');
  await scene.shell(contextB, 'target', 'mkdir -p /data/app; cd /data; touch kept app/old');
  const part = ['--source-path', 'current', '--target-path', 'app/new', '--exclude', '/cache/'];
  const args = [...part, '--exclude-from', patterns, '--chown', '12:34', '--name', 'part', source, target];
  const said = saidBy(
    await x8sync('--dry-run', ...args.filter((word) => !['--name', 'part'].includes(word))),
    0,
  );
  expect(said).toMatch(/would change 5\d entries of 52, 5\d of them new/);
  const copied = documentOf(await x8sync('--verify', ...args, '-o', 'json'));
  expect(copied).toMatchObject({ outcome: 'ok', stats: { files: 51 }, verification: { different: 0 } });
  const there = 'ls app/new | wc -l; ls app/new/*.log; stat -c %u:%g app/new app/new/app-7; ls; ls app';
  expect(await scene.inspect(contextB, 'target', there)).toBe(
    '51\napp/new/important.log\n12:34\n12:34\napp\nkept\nnew\nold\n',
  );
  saidBy(await x8sync('verify', 'part', '--context', contextA), 0);
  saidBy(await x8sync('--name', 'part', source, target), 3);
});

test('nothing but records is left of all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
