/** Many claims at once: of a namespace, of a list; what fails keeps nothing else from being copied. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { get } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('batch');
const folder = mkdtempSync(join(tmpdir(), 'x8sync-list-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  return scene.close();
});
const { namespace } = scene;
const [from, to] = [`${contextA}/${namespace}`, `${contextB}/${namespace}`];

interface BatchDocument {
  readonly copied: number;
  readonly failed: number;
  readonly copies: readonly {
    readonly target: string;
    readonly outcome: string;
    readonly error?: { readonly message: string; readonly hint?: string };
  }[];
}

interface Claim {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

const outcomes = ({ copies }: BatchDocument) =>
  copies.map(({ target, outcome }) => `${target.split('/').at(-1)} ${outcome}`).sort();

test('every claim of a namespace goes to the claim of its name, which is made where it is missing', async () => {
  const names = ['one', 'two', 'three'];
  await Promise.all(names.map((name) => scene.claim(contextA, name)));
  await Promise.all(names.map((name) => scene.shell(contextA, name, `echo ${name} >/data/file`)));
  await kubectl(contextA, ['-n', namespace, 'label', 'pvc', 'one', 'three', 'app=db']);
  // One that is there and in use is refused, and the others are copied all the same.
  await scene.claim(contextB, 'one');
  await scene.user(contextB, 'its-user', 'one');
  const ended = await x8sync('--all', '--create-target', '--verify', from, to, '-o', 'json');
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 5 });
  const result = documentOf<BatchDocument>(ended);
  expect(result).toMatchObject({ copied: 2, failed: 1 });
  expect(outcomes(result)).toEqual(['one failed', 'three copied', 'two copied']);
  expect(await scene.inspect(contextB, 'three', 'cat file')).toBe('three\n');
  const made = await get<Claim>(contextB, namespace, 'pvc');
  expect(made.find(({ metadata }) => metadata.name === 'three')).toMatchObject({
    metadata: { labels: { app: 'db' } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '256Mi' } } },
  });

  const said = saidBy(await x8sync('-l', 'app=db', '--allow-mounted', '--max-tasks', '1', from, to), 0);
  expect(said).toMatch(/2 of 2 claims copied/);
  expect(said).not.toMatch(/\/two/);
});

test('a list has options for each of its copies', async () => {
  await scene.claim(contextA, 'listed');
  await scene.shell(contextA, 'listed', 'cd /data; mkdir part; touch part/{a,b.log} c');
  const list = join(folder, 'copies.yaml');
  const entry = (target: string, options: object) => ({
    source: scene.ref(contextA, 'listed'),
    target: scene.ref(contextB, target),
    'create-target': true,
    ...options,
  });
  const items = [
    entry('whole', { name: 'listed-whole', size: '300Mi', podLabel: { team: 'shop' }, memory: '96Mi' }),
    entry('part', { sourcePath: 'part', exclude: ['*.log'], verify: true }),
    // What its patterns leave out all of is refused, as in a single copy.
    entry('nothing', { exclude: ['*'] }),
  ];
  writeFileSync(list, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const ended = await x8sync('-f', list, '-o', 'json');
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 5 });
  const result = documentOf<BatchDocument>(ended);
  expect(outcomes(result)).toEqual(['nothing failed', 'part copied', 'whole copied']);
  const refused = result.copies.find(({ target }) => target.endsWith('/nothing'));
  expect(refused?.error?.message).toMatch(/was not begun: the patterns leave out all/);
  expect(refused?.error?.hint).toMatch(/--allow-empty/);
  expect(await scene.inspect(contextB, 'part', 'ls')).toBe('a\n');
  expect(await scene.inspect(contextB, 'whole', 'ls')).toBe('c\npart\n');
  expect(await scene.phases('listed-whole')).toEqual(['source Succeeded', 'target Succeeded']);

  writeFileSync(list, JSON.stringify([entry('whole', { verfy: true })]));
  expect(saidBy(await x8sync('-f', list), 2)).toMatch(/copies.yaml, copy 1: "verfy" is no option of a copy/);
  expect(await scene.leftovers()).toEqual([]);
});
