/** Copies that go on by themselves, by the same command or nobody's, and what can not be seen of them; --again, cleanup --finished. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { otherKubeconfig } from './support/kubeconfigs.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('detached');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
const other = await otherKubeconfig({ old: contextA, new: contextB });
const tree = await treeOf(scene, contextA, 'source');

afterAll(async () => {
  await Promise.all([scene.close(), other.remove()]);
});

/** Another workstation, whose contexts are `old` and `new`. */
const elsewhere = (...args: string[]) =>
  plugin('x8sync', [...args, '-n', scene.namespace], { KUBECONFIG: other.path });

async function targetOf(name: string): Promise<string> {
  await scene.claim(contextB, name);
  return scene.ref(contextB, name);
}

test.concurrent('a mover that runs is given another rate by the same command, and goes on with what it has', async () => {
  const args = [source, await targetOf('hurried'), '--name', 'hurried'];
  saidBy(await x8sync(...args, '--bwlimit', '50K', '--detach'), 0);
  const said = saidBy(await x8sync(...args, '--bwlimit', '50M'), 0);
  expect(said).toMatch(/is replaced \(--bwlimit: 50K → 50M\)/);
  expect(said).not.toMatch(/Mover is taken up/);
  expect(differences(tree, await treeOf(scene, contextB, 'hurried'))).toEqual([]);
  expect(await scene.leftovers('hurried')).toEqual([]);
});

/** A workstation whose kubeconfig has one of the clusters only. */
const workstationWith = async (context: string, of: string) => {
  const { path, remove } = await otherKubeconfig({ [context]: of });
  const where = ['--context', context, '-n', scene.namespace];
  const run = (...args: string[]) => plugin('x8sync', [...args, ...where], { KUBECONFIG: path });
  return { run, [Symbol.asyncDispose]: remove };
};

test.concurrent('a copy that ended while nobody waited is told so from either cluster, also once its pods are gone', async () => {
  await using atSource = await workstationWith('old', contextA);
  await using atTarget = await workstationWith('new', contextB);
  saidBy(await x8sync(source, await targetOf('told'), '--name', 'told', '--bwlimit', '1M', '--detach'), 0);
  const watched = await elsewhere('status', 'told', '--context', 'old', '--watch', '-o', 'json');
  saidBy(watched, 0);
  const last = JSON.parse(watched.stdout.trim().split('\n').at(-1) ?? '') as object;
  const message = expect.stringMatching(/files copied/);
  expect(last).toMatchObject({ task: 'told', phase: 'Succeeded', outcome: 'ok', message });

  // It is kept where the source's cluster alone is reached, and where the mover is gone.
  await kubectl(contextB, ['-n', scene.namespace, 'delete', 'job/x8sync-told-target']);
  for (const list of await Promise.all([atSource.run('list'), atTarget.run('list')]))
    expect(saidBy(list, 0)).toMatch(/^told +Succeeded .*files copied/m);
  expect(saidBy(await atTarget.run('attach', 'told'), 4)).toMatch(
    /Only the target's side is seen[\s\S]*Phase: +Succeeded|Phase: +Succeeded[\s\S]*the source could not be cleaned up/,
  );
  saidBy(await elsewhere('cleanup', 'told', '--context', 'old'), 0);
  expect(await scene.leftovers('told')).toEqual([]);
  expect(differences(tree, await treeOf(scene, contextB, 'told'))).toEqual([]);
});

test.concurrent('what can not be seen is Unknown: a mover in a cluster that is not reached, and one that is gone', async () => {
  await using atSource = await workstationWith('old', contextA);
  const args = [source, await targetOf('lost'), '--name', 'lost'];
  saidBy(await x8sync(...args, '--bwlimit', '50K', '--rsync-arg=--fsync', '--detach'), 0);
  const watching = startX8sync(
    'status',
    'lost',
    '-n',
    scene.namespace,
    '--context',
    contextB,
    '-w',
    '-o',
    'json',
  );
  await watching.saw(/"phase":"Running".*"progress":"[\d.]+ [KM]iB of/);
  expect(saidBy(await atSource.run('attach', 'lost'), 4)).toMatch(
    /can't be told from here[\s\S]*the record in old\/\S+ says: Running[\s\S]*pod x8sync-lost-source-0 is Running/,
  );
  expect(saidBy(await atSource.run('list'), 0)).toMatch(/^lost +Unknown .*can't be asked/m);
  expect(saidBy(await elsewhere('list', '--context', 'old'), 0)).toMatch(/^lost +Running/m);

  await kubectl(contextB, ['-n', scene.namespace, 'delete', 'job/x8sync-lost-target']);
  expect(saidBy(await watching.ended, 1)).toMatch(/"phase":"Unknown"[\s\S]*its mover is gone/);
  expect(saidBy(await elsewhere('list', '--context', 'old'), 0)).toMatch(/^lost +Unknown .*attach lost/m);
  expect(saidBy(await elsewhere('attach', 'lost', '--context', 'new'), 1)).toMatch(
    /how it ended is not known/,
  );
  saidBy(await x8sync(...args), 0);
  expect(saidBy(await elsewhere('list', '--context', 'old'), 0)).toMatch(/^lost +Succeeded/m);
});

test.concurrent('--detach returns once files move; another workstation attaches, and takes the result', async () => {
  const args = [source, await targetOf('away'), '--name', 'away'];
  const slow = ['--bwlimit', '400K'];
  const said = saidBy(await x8sync(...args, ...slow, '--detach'), 0);
  expect(said).toMatch(/Goes on by itself: .*\n.*attach away --context \S+ -n \S+/);
  expect(await scene.phases('away')).toEqual(['source Running', 'target Running']);
  // Without a name, the two claims find it.
  expect(saidBy(await x8sync(source, scene.ref(contextB, 'away')), 0)).toMatch(/taken up/);
  expect(differences(tree, await treeOf(scene, contextB, 'away'))).toEqual([]);
  expect(await scene.leftovers('away')).toEqual([]);

  expect(saidBy(await x8sync(...args), 3)).toMatch(/away has finished already[\s\S]*--again/);
  expect(saidBy(await x8sync(...args, '--again'), 0)).toMatch(/Already the same/);
});

// Not beside the others: what these have finished would go, too.
test('cancel ends what was detached; cleanup --finished takes the records of what has finished only', async () => {
  const [first, second] = [await targetOf('done'), await targetOf('stopped')];
  saidBy(await x8sync(source, second, '--name', 'stopped', '--bwlimit', '100K', '--detach'), 0);
  saidBy(await elsewhere('cancel', 'stopped', '--context', 'old'), 0);
  expect(await scene.leftovers('stopped')).toEqual([]);
  saidBy(await x8sync(source, first, '--name', 'done'), 0);
  for (const context of ['old', 'new'])
    saidBy(await elsewhere('cleanup', '--finished', '--context', context), 0);
  expect(await scene.phases('done')).toEqual([]);
  expect(await scene.phases('stopped')).toEqual(['source Interrupted', 'target Interrupted']);
});
