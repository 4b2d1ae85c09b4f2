import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyDirectory } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { ContainerHistory } from '../../../../../../plugins/devsync/session/ancestor/container-history.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function attach(binding: string, origin = 'image'): ContainerHistory {
  const known = new ContainerHistory(folder, binding);
  known.begin({ origin, seed: origin }, emptyDirectory);
  return known;
}

test('a new container stays a new one until its first reconciliation has come to its end', () => {
  expect(attach('first').isSuccessor).toBe(false);
  expect(attach('second').isSuccessor).toBe(true);
  // The stream broke.
  const again = attach('second');
  expect(again.isSuccessor).toBe(true);
  again.settle();
  expect(attach('second').isSuccessor).toBe(false);
  // One that never came to its end says nothing of the next ones.
  expect(attach('third').isSuccessor).toBe(true);
  expect(attach('elsewhere', 'another image').isSuccessor).toBe(false);
});

test.each([
  ['a directory', (file: string) => mkdirSync(file)],
  ['rubbish', (file: string) => writeFileSync(file, `[1,"here"]\n["../${'x'.repeat(4040)}",["d"]]\n`)],
])('what was agreed on and cannot be read is no end: %s in its place', (_, spoil) => {
  attach('here').settle();
  const file = join(folder, 'ancestor.jsonl');
  rmSync(file);
  spoil(file);
  const known = attach('here');
  expect(known.ancestor.tree).toEqual(emptyDirectory);
  expect(known.trouble).toMatch(
    /cannot be read .* was moved to .*ancestor\.jsonl\.unreadable; this is a first sync again$/,
  );
  expect(known.trouble?.length).toBeLessThan(1000);
  expect(existsSync(`${file}.unreadable`)).toBe(true);
  const next = attach('here');
  expect([next.trouble, next.ancestor.tree]).toEqual([undefined, emptyDirectory]);
});

test.each([
  ['a directory in the place of last-container', 'last-container', 'which container was worked with last'],
  ['a file in the place of manifests', 'manifests', 'what the images hold'],
  ['a directory in the place of a manifest', 'manifests/*', 'what an image holds'],
])('%s is said, moved aside, and no end', (_, path, what) => {
  attach('here').settle();
  const [name = ''] = readdirSync(join(folder, 'manifests'));
  const file = join(folder, path.replace('*', name));
  rmSync(file, { recursive: true });
  if (path === 'manifests') writeFileSync(file, 'odd');
  else mkdirSync(join(file, 'odd'), { recursive: true });
  const known = attach('next', 'image');
  expect(known.trouble).toMatch(
    new RegExp(`^${what} cannot be read \\(.*\\) and was moved to ${file}.unreadable$`),
  );
  expect(existsSync(`${file}.unreadable`)).toBe(true);
  // Without what was remembered of its image it is a first one, which loses nothing.
  expect(known.isSuccessor).toBe(path === 'last-container');
  known.settle();
  expect(attach('next', 'image').trouble).toBeUndefined();
});

test('what was never finished is in nobody’s way', () => {
  for (const name of ['ancestor.jsonl.new', 'last-container.new'])
    mkdirSync(join(folder, name, 'odd'), { recursive: true });
  expect(attach('here').trouble).toBeUndefined();
});
