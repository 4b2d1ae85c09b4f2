/** Merge, --force and --dry-run: what of the target stays, goes, and is only told. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { partArrives, Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('modes');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
afterAll(() => scene.close());

/** A target with files of its own: one that is the source's too but differs, and some that only it has. */
const ownFiles = `
cd /data
mkdir -p own/folder small
echo mine >own/folder/file; echo other >small/1; ln -s own/folder link
touch -d '2001-01-01 01:01:01.010101010' own own/folder small .
`;
const ownEntries = 4;

async function targetWithFiles(claim: string): Promise<string> {
  await scene.claim(contextB, claim);
  await scene.shell(contextB, claim, ownFiles);
  return scene.ref(contextB, claim);
}

test.concurrent('--dry-run tells what would change, and changes nothing, not even the time of a folder', async () => {
  const target = await targetWithFiles('tried');
  const before = await treeOf(scene, contextB, 'tried');
  const { task, stats, changes, ...document } = documentOf(
    await x8sync('--dry-run', source, target, '-o', 'json'),
  );
  expect(document).toMatchObject({ outcome: 'ok', mode: 'dry-run' });
  // 200 small files, one of them there already with other content, and the big one.
  expect(stats).toMatchObject({ transferredFiles: 201, createdEntries: 200, extraneous: ownEntries });
  expect(changes.join('\n')).toMatch(/>f\S+ small\/1\n/);
  expect(differences(before, await treeOf(scene, contextB, 'tried'))).toEqual([]);

  const { code, stdout } = await x8sync('--dry-run', source, target);
  expect(code).toBe(0);
  expect(stdout).toMatch(/nothing was changed/);
  expect(stdout).toMatch(/would change 20\d entries/);
  expect(await scene.leftovers(task)).toEqual([]);
});

test.concurrent('without --force what only the target has is kept, counted and told', async () => {
  const target = await targetWithFiles('merged');
  const ended = await x8sync(source, target);
  saidBy(ended, 0);
  expect(ended.stdout).toMatch(new RegExp(`kept +${ownEntries} entries that only the target has`));
  expect(await scene.inspect(contextB, 'merged', 'cat own/folder/file small/1')).toBe('mine\nfile 1\n');
});

describe('--force', () => {
  test('asks, and without a terminal and --yes does nothing', async () => {
    const ended = saidBy(await x8sync('--force', source, scene.ref(contextB, 'absent')), 2);
    expect(ended).toMatch(/--yes/);
  });

  test.concurrent('makes the target equal to the source', async () => {
    const target = await targetWithFiles('forced');
    saidBy(await x8sync('--force', '--yes', source, target), 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'forced']);
  });

  test.concurrent('touches nothing where the source can not be reached', async () => {
    const target = await targetWithFiles('untouched');
    const before = await treeOf(scene, contextB, 'untouched');
    // The source cluster's own network leads nowhere from here.
    const args = ['--force', '--yes', '--strategy', 'clusterip', source, target];
    const said = saidBy(await x8sync(...args), 4);
    expect(said).toMatch(/can't reach the source's SSH service/);
    expect(said).toMatch(/clusterip: no answer from [\d.]+:22/);
    expect(differences(before, await treeOf(scene, contextB, 'untouched'))).toEqual([]);
  });

  test.concurrent('takes up a wipe that was interrupted', async () => {
    await scene.claim(contextB, 'wiped');
    await scene.shell(contextB, 'wiped', 'mkdir /data/d; cd /data/d; seq 30000 | xargs touch');
    const args = ['--force', '--yes', '--name', 'wipe', source, scene.ref(contextB, 'wiped')];
    const running = startX8sync(...args);
    await running.saw('Copy the files …');
    running.child.kill('SIGKILL');
    await running.ended;
    saidBy(await x8sync(...args), 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'wiped']);
  });

  test.concurrent('empties again for a new task of a name that was cleaned up', async () => {
    const target = await targetWithFiles('anew');
    const args = ['--force', '--yes', '--name', 'anew', source, target];
    const running = startX8sync(...args, '--bwlimit', '500K');
    await running.saw('Copy the files …');
    await partArrives(scene, contextB, 'anew');
    running.child.kill('SIGKILL');
    await running.ended;
    saidBy(await x8sync('cleanup', 'anew', '--context', contextB), 0);
    await scene.shell(contextB, 'anew', 'echo mine >/data/written-in-between');
    saidBy(await x8sync(...args), 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'anew']);
  });
});

describe('a target that is mounted', () => {
  test.concurrent('is refused, with the name of the pod, and written to with --allow-mounted', async () => {
    await scene.claim(contextB, 'mounted');
    await scene.user(contextB, 'its-user', 'mounted');
    const ended = saidBy(await x8sync(source, scene.ref(contextB, 'mounted')), 3);
    expect(ended).toMatch(/in use by pod its-user/);
    expect(ended).toMatch(/--allow-mounted/);
    const args = ['--allow-mounted', source, scene.ref(contextB, 'mounted')];
    saidBy(await x8sync(...args), 0);
    expect(await scene.inspect(contextB, 'mounted', 'cat small/7')).toBe('file 7\n');
  });
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
