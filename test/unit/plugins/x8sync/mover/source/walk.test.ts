/** What a query answers of a real tree. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { queries } from '../../../../../../plugins/x8sync/mover/protocol/queries.ts';
import { answer } from '../../../../../../plugins/x8sync/mover/source/query-handler.ts';
import { lostEntries, measureSizes } from '../../../../../../plugins/x8sync/mover/source/walk.ts';
import { type CopiedTree, sourceTree } from '../../../../../../plugins/x8sync/mover/volume/tree.ts';
import { eventuallySees } from '../../../../../support/eventually.ts';
import { onLinux, type Stage, stage } from '../../../../support/mover-stage.ts';
import { needing } from '../../../../support/needing.ts';

let scene: Stage;
let source: string;
let tree: CopiedTree;
beforeEach(() => {
  scene = stage();
  source = scene.runtime.paths.source;
  tree = sourceTree(scene.runtime.paths);
});
afterEach(() => scene[Symbol.dispose]());

const onFuse = needing(onLinux, '/dev/fuse', '/usr/bin/bindfs');
const ask = (query: string) => answer(query, scene.runtime.paths);

onLinux('a file of several names counts once, and what is never copied not at all', async () => {
  writeFileSync(join(source, 'a'), 'x'.repeat(5000));
  linkSync(join(source, 'a'), join(source, 'b'));
  symlinkSync('a', join(source, 'c'));
  for (const folder of ['d', 'lost+found', '.x8sync']) {
    mkdirSync(join(source, folder));
    writeFileSync(join(source, folder, 'in it'), '');
  }
  const usage: unknown = JSON.parse((await ask('usage exact')) ?? '');
  expect(usage).toMatchObject({ entries: 6, inodes: 5, files: 2, dirs: 2, apparentBytes: 5000 });
  expect(JSON.parse((await ask('usage')) ?? '')).toMatchObject({
    lostFound: 1,
    ownFolder: 'other',
    sizes: null,
  });
});

onLinux('in a folder of the volume lost+found is a name as any other, and counts', async () => {
  for (const folder of ['app/lost+found', 'app/.x8sync']) {
    mkdirSync(join(source, folder), { recursive: true });
    writeFileSync(join(source, folder, 'in it'), 'data');
  }
  const within = async (query: string) => JSON.parse((await ask(queries.within('app', query))) ?? '');
  expect(await within(queries.exactUsage)).toMatchObject({ entries: 3, files: 1 });
  const owned = { lostFound: 0, ownLostFound: 'folder', holdsNothing: false };
  expect(await within(queries.usage)).toMatchObject(owned);
  writeFileSync(join(source, 'app/holes'), '');
  truncateSync(join(source, 'app/holes'), 1 << 30);
  expect(await within(queries.usage)).toMatchObject({ sizes: { files: 2, holey: [{ bytes: 1 << 30 }] } });
  symlinkSync('.', join(source, 'all'));
  mkdirSync(join(source, 'lost+found'));
  const whole: unknown = JSON.parse((await ask(queries.within('all', queries.usage))) ?? '');
  expect(whole).toMatchObject({ lostFound: 0, ownLostFound: 'none' });
});

onLinux('who copies without being the owner loses what the others have', async () => {
  writeFileSync(join(source, 'a'), '');
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  expect(await ask(`survey ${uid} ${gid}`)).toBe('{"ownership":0,"devices":0,"capabilities":0}\n');
  expect(await ask(`survey 4711 ${gid},4711`)).toBe('{"ownership":2,"devices":0,"capabilities":0}\n');
});

onLinux("a mover's folder is told from somebody else's of that name", async () => {
  const owner = async () => (JSON.parse((await ask('usage')) ?? '') as { ownFolder: string }).ownFolder;
  expect(await owner()).toBe('none');
  mkdirSync(join(source, '.x8sync'));
  expect(await owner()).toBe('other');
  writeFileSync(join(source, '.x8sync/state'), 'x8sync copying t\n');
  expect(await owner()).toBe('mover');
});

onLinux('a mark is found wherever it is, and the root tells what it has', async () => {
  expect(await ask('find mark-1')).toBe('');
  mkdirSync(join(source, 'deep/.x8sync'), { recursive: true });
  writeFileSync(join(source, 'deep/.x8sync/mark-1'), '');
  expect(await ask('find mark-1')).toBe('deep/.x8sync/mark-1');
  expect(await ask('sees mark-1')).toBe('no');
  expect(await ask('sees deep')).toBe('yes');
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff])]), '');
  expect(JSON.parse((await ask('root')) ?? '')).toEqual({ names: ['deep'] });
});

onLinux.each([
  '',
  'id',
  'usage; id',
  'survey 0 0;id',
  'survey 0',
  'usage exact x',
  'sees ../x',
  'find *',
  'rsync --server .',
])('%j is no question', async (query) => {
  expect(await ask(query)).toBeUndefined();
});

onLinux('sizes: the largest file, and whether one has holes', async () => {
  const plenty = 5000;
  expect(await measureSizes(tree, plenty)).toMatchObject({ sparse: false, largest: 65_536, entries: 1 });
  writeFileSync(join(source, 'full'), Buffer.alloc(1 << 20, 1));
  execFileSync('sync', ['-f', source]);
  expect(await measureSizes(tree, plenty)).toMatchObject({ sparse: false, largest: 1 << 20 });
  writeFileSync(join(source, 'holes'), '');
  truncateSync(join(source, 'holes'), 8 << 20);
  expect(await measureSizes(tree, plenty)).toMatchObject({
    sparse: true,
    largest: 8 << 20,
    entries: 3,
    apparentBytes: 9 << 20,
  });
});

onFuse('an entry that cannot be looked at takes nothing from what is known of the others', async () => {
  writeFileSync(join(source, 'holes'), '');
  truncateSync(join(source, 'holes'), 1 << 30);
  const [folder, gone] = [join(scene.root, 'behind'), join(source, 'gone')];
  for (const path of [folder, gone]) mkdirSync(path);
  const { dev } = statSync(gone);
  const uncached = ['-o', 'attr_timeout=0,entry_timeout=0'];
  const server = spawn('bindfs', ['-f', ...uncached, folder, gone], { stdio: 'inherit' });
  await eventuallySees(
    () => statSync(gone).dev,
    (now) => now !== dev,
  );
  try {
    server.kill('SIGKILL');
    await once(server, 'exit');
    expect(() => statSync(gone)).toThrow('ENOTCONN');
    expect(await measureSizes(tree, 5000)).toMatchObject({ sparse: true, holey: [{ bytes: 1 << 30 }] });
  } finally {
    execFileSync('umount', ['--lazy', gone]);
  }
});

onLinux('what is left out as lost+found is counted, a file of that name too', async () => {
  expect(await lostEntries(tree)).toBe(0);
  mkdirSync(join(source, 'lost+found'));
  expect(await lostEntries(tree)).toBe(0);
  writeFileSync(join(source, 'lost+found', '#12'), '');
  expect(await lostEntries(tree)).toBe(1);
  rmSync(join(source, 'lost+found'), { recursive: true });
  writeFileSync(join(source, 'lost+found'), 'data');
  expect(await lostEntries(tree)).toBe(1);
});
