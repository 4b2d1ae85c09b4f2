/** A container that lies: nothing leads out of the root, on either side. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { File } from '../../../../../../plugins/devsync/reconcile/entry.ts';
import { resolveWithin } from '../../../../../../plugins/devsync/sync/files/folder.ts';
import { privateFolder } from '../../../../../../plugins/devsync/sync/files/names.ts';
import { LocalEndpoint } from '../../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { rootIdOf } from '../../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { asEdits, asEntry, asResults } from '../../../../../../plugins/devsync/wire/check.ts';
import { plainWords } from '../../../../../../plugins/devsync/wire/plain-words.ts';

let base: string;
let root: string;
let outside: string;
const opened: LocalEndpoint[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hostile-'));
  [root, outside] = [join(base, 'root'), join(base, 'outside')];
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'secret');
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  rmSync(base, { recursive: true, force: true });
});

async function endpoint(): Promise<LocalEndpoint> {
  const one = new LocalEndpoint({
    root,
    scan: { permissions: 'portable', symlinks: 'portable' },
    ignores: { lists: [], vcs: false },
    trashLimit: 1e6,
  });
  opened.push(one);
  await one.refresh(true);
  return one;
}

async function staged(one: LocalEndpoint, text: string): Promise<File> {
  const data = Buffer.from(text);
  const digest = sha256(data);
  await one.incoming.write({ digest, size: data.length, offset: 0, data });
  return { kind: 'file', digest, size: data.length, executable: false };
}

const secret: File = { kind: 'file', digest: sha256(Buffer.from('secret')), size: 6, executable: false };

describe('applying', () => {
  test.each(['../outside/new', '/outside/new', 'a/../../outside/new', '..'])(
    'a path %j is refused',
    async (path) => {
      const one = await endpoint();
      const file = await staged(one, 'evil');
      const [result] = await one.apply([{ path, old: undefined, new: file }], 'op');
      expect(result?.problem).toBeDefined();
      expect(readdirSync(outside)).toEqual(['secret']);
    },
  );

  test('never goes through a link, to make, to replace or to delete', async () => {
    const one = await endpoint();
    symlinkSync(outside, join(root, 'way-out'));
    const file = await staged(one, 'evil');
    const results = await one.apply(
      [
        { path: 'way-out/new', old: undefined, new: file },
        { path: 'way-out/folder', old: undefined, new: { kind: 'directory', children: new Map() } },
        { path: 'way-out/secret', old: secret, new: file },
        { path: 'way-out/secret', old: secret, new: undefined },
      ],
      'op',
    );
    for (const result of results) expect(result.problem).toBeDefined();
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  test('nothing unseen is overwritten or deleted', async () => {
    writeFileSync(join(root, 'a'), 'planned for');
    const one = await endpoint();
    const old: File = {
      kind: 'file',
      digest: sha256(Buffer.from('planned for')),
      size: 11,
      executable: false,
    };
    writeFileSync(join(root, 'a'), 'written since');
    writeFileSync(join(root, 'b'), 'appeared since');
    const file = await staged(one, 'new');
    const results = await one.apply(
      [
        { path: 'a', old, new: file },
        { path: 'a', old, new: undefined },
        { path: 'b', old: undefined, new: file },
      ],
      'op',
    );
    expect(results.map(({ problem }) => problem)).toEqual([
      'it has changed meanwhile',
      'it has changed meanwhile',
      'something else has appeared there',
    ]);
    expect([readFileSync(join(root, 'a'), 'utf8'), readFileSync(join(root, 'b'), 'utf8')]).toEqual([
      'written since',
      'appeared since',
    ]);
  });

  test('what is replaced or deleted is in the trash', async () => {
    writeFileSync(join(root, 'a'), 'one');
    writeFileSync(join(root, 'b'), 'two');
    const one = await endpoint();
    const entry = (text: string): File => ({
      kind: 'file',
      digest: sha256(Buffer.from(text)),
      size: 3,
      executable: false,
    });
    const file = await staged(one, 'new');
    await one.apply(
      [
        { path: 'a', old: entry('one'), new: file },
        { path: 'b', old: entry('two'), new: undefined },
      ],
      'op',
    );
    const trash = join(root, privateFolder, 'trash', 'op');
    expect([readFileSync(join(trash, 'a'), 'utf8'), readFileSync(join(trash, 'b'), 'utf8')]).toEqual([
      'one',
      'two',
    ]);
    await one.restore({ operation: 'op', path: 'b' }, 'back');
    expect(readFileSync(join(root, 'b'), 'utf8')).toBe('two');
  });
});

describe('restoring', () => {
  test('brings a link back as a link, and never what it leads to', async () => {
    symlinkSync('a', join(root, 'inside'));
    symlinkSync(join(outside, 'secret'), join(root, 'way-out'));
    const one = await endpoint();
    const targets = { inside: 'a', 'way-out': join(outside, 'secret') };
    for (const [path, target] of Object.entries(targets)) {
      await one.apply([{ path, old: { kind: 'symlink', target }, new: undefined }], 'op');
      expect(existsSync(join(root, path))).toBe(false);
      await one.restore({ operation: 'op', path }, 'back');
      expect(readlinkSync(join(root, path))).toBe(target);
    }
  });

  test('makes the directories that are gone like those around them', async () => {
    chmodSync(root, 0o755);
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/f'), 'text');
    const one = await endpoint();
    const old: File = { kind: 'file', digest: sha256(Buffer.from('text')), size: 4, executable: false };
    await one.apply([{ path: 'a/b/f', old, new: undefined }], 'op');
    rmSync(join(root, 'a'), { recursive: true });
    await one.restore({ operation: 'op', path: 'a/b/f' }, 'back');
    expect(readFileSync(join(root, 'a/b/f'), 'utf8')).toBe('text');
    for (const path of ['a', 'a/b']) expect(statSync(join(root, path)).mode & 0o777).toBe(0o755);
  });
});

describe('our own folder', () => {
  test('is not opened where it is a link', async () => {
    symlinkSync(outside, join(root, privateFolder));
    await expect(endpoint()).rejects.toThrow();
  });

  test('is made anew where it was taken away', async () => {
    const one = await endpoint();
    const works = async (path: string) => {
      await one.refresh();
      const file = await staged(one, path);
      const [made] = await one.apply([{ path, old: undefined, new: file }], 'op');
      const [gone] = await one.apply([{ path, old: file, new: undefined }], 'op');
      expect([made, gone]).toEqual([{ path }, { path }]);
      expect(readFileSync(join(root, privateFolder, 'trash/op', path), 'utf8')).toBe(path);
      expect(readFileSync(join(root, privateFolder, '.gitignore'), 'utf8')).toBe('*\n');
    };
    rmSync(join(root, privateFolder), { recursive: true });
    await works('a');
    expect(rootIdOf(root)).toBe(one.facts.rootId);
    // Another directory in the root's place is not the one that the id was for.
    renameSync(root, join(base, 'old'));
    await one.refresh(true);
    mkdirSync(root);
    await works('b');
    expect(rootIdOf(root)).not.toBe(one.facts.rootId);
  });

  test('files in it that are links are not written through', async () => {
    mkdirSync(join(root, privateFolder));
    for (const name of ['Probe', 'id', '.gitignore', 'digests', 'digests.new'])
      symlinkSync(join(outside, 'secret'), join(root, privateFolder, name));
    const one = await endpoint();
    one.saveCache();
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  test('the trash does not follow a link that was put into it', async () => {
    writeFileSync(join(root, 'f'), 'x');
    const one = await endpoint();
    symlinkSync(outside, join(root, privateFolder, 'trash', 'op'));
    const old: File = { kind: 'file', digest: sha256(Buffer.from('x')), size: 1, executable: false };
    const [result] = await one.apply([{ path: 'f', old, new: undefined }], 'op');
    expect(result?.problem).toBeDefined();
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(existsSync(join(root, 'f'))).toBe(true);
  });
});

describe('reading', () => {
  test('does not follow links out', async () => {
    const one = await endpoint();
    symlinkSync(join(outside, 'secret'), join(root, 'link'));
    symlinkSync(outside, join(root, 'folder'));
    for (const path of ['link', 'folder/secret', '../outside/secret']) {
      const chunks = [];
      for await (const chunk of one.read([{ digest: secret.digest, size: 6, path, offset: 0 }]))
        chunks.push(chunk);
      expect(chunks).toEqual([]);
    }
  });
});

test('REMOTE is resolved as the container sees it', () => {
  mkdirSync(join(root, 'real/dir'), { recursive: true });
  symlinkSync('/real', join(root, 'absolute'));
  symlinkSync('../../../../real/dir', join(root, 'real/up'));
  expect(resolveWithin(root, '/absolute/dir')).toBe('/real/dir');
  expect(resolveWithin(root, '/real/up')).toBe('/real/dir');
  expect(() => resolveWithin(root, '/outside')).toThrow(/ENOENT/);
  symlinkSync('loop', join(root, 'loop'));
  expect(() => resolveWithin(root, '/loop')).toThrow(/ELOOP/);
});

describe('what an agent says', () => {
  const file = ['f', 'a'.repeat(64), 1, 0];
  test.each([
    [[['../x', file]]],
    [[['a/../../x', file]]],
    [[['/x', file]]],
    [[['x', ['f', 'nothex', 1, 0]]]],
    [[['x', ['f', 'a'.repeat(64), -1, 0]]]],
    [[['x', ['f', 'a'.repeat(64), 1e300, 0]]]],
    [[['x', ['d', 0o4777]]]],
    [[['x', ['z']]]],
    [[['x']]],
    ['x'],
    [null],
  ])('%j is refused', (edits) => {
    expect(() => asEdits(edits)).toThrow();
  });

  test('results are of the very operations that were asked for', () => {
    const operations = [{ path: 'a', old: undefined, new: undefined }];
    expect(() => asResults([], operations)).toThrow();
    expect(() => asResults([0, 0], operations)).toThrow();
    expect(asResults([{ path: '../b', problem: 'x' }], operations)).toEqual([{ path: 'a', problem: 'x' }]);
  });

  test('cannot steer a terminal', () => {
    expect(plainWords('a\u001b[2Jb\u202ec\r\n')).toBe('a [2Jb c ');
    expect(asEntry(['p', '\u001b]0;x\u0007'])).toEqual({ kind: 'problem', problem: ' ]0;x ' });
  });
});
