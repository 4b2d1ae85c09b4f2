/** list, status and cleanup, from another workstation too. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { clusterOf, otherKubeconfig } from './support/kubeconfigs.ts';
import { plugin } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

let scene: Scene;
let source: string;
let other: Awaited<ReturnType<typeof otherKubeconfig>>;
/** Another workstation, whose contexts are `old` and `new`. */
const elsewhere = (...args: string[]) => plugin('x8sync', args, { KUBECONFIG: other.path });

beforeAll(async () => {
  other = await otherKubeconfig({ old: contextA, new: contextB });
  scene = await Scene.open('tasks');
  source = scene.ref(contextA, 'source');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', someFiles(6));
});
afterAll(async () => {
  await Promise.all([scene.close(), other.remove()]);
});

/** A task whose run was killed while it copied. */
async function killedTask(name: string): Promise<string> {
  await scene.claim(contextB, name);
  const running = startX8sync(source, scene.ref(contextB, name), '--name', name, '--bwlimit', '500K');
  await running.saw('Copy the files …');
  running.child.kill('SIGKILL');
  await running.ended;
  return name;
}

test('a finished task is listed on both sides, with its result', async () => {
  await scene.claim(contextB, 'done');
  const args = [source, scene.ref(contextB, 'done'), '--name', 'done'];
  saidBy(await x8sync(...args), 0);
  for (const context of ['old', 'new']) {
    const list = await elsewhere('list', '--context', context, '-n', scene.namespace);
    saidBy(list, 0);
    expect(list.stdout).toMatch(/^NAME +PHASE +SOURCE +TARGET +PROGRESS +AGE/);
    expect(list.stdout).toMatch(
      new RegExp(`\\ndone +Succeeded +old/${scene.namespace}/source +new/${scene.namespace}/done`),
    );
  }
  const status = await elsewhere('status', 'done', '--context', 'new', '-n', scene.namespace);
  expect(status.stdout).toMatch(/Phase: +Succeeded\n/);
  expect(status.stdout).toMatch(/Message: +201 of 201 files copied/);
  const names = await elsewhere('list', '--context', 'new', '-n', scene.namespace, '-o', 'name');
  expect(names.stdout).toBe('done\n');
  const document = documentOf<unknown[]>(
    await elsewhere('list', '--context', 'new', '-n', scene.namespace, '-o', 'json'),
  );
  expect(document).toMatchObject([{ task: 'done', phase: 'Succeeded', mode: 'merge', run: 1 }]);
});

test('with --keep-records 1 the records of all finished tasks but the last go, on both sides', async () => {
  const args = [source, scene.ref(contextB, 'done'), '--dry-run', '--keep-records', '1'];
  expect(await scene.records('done')).toEqual(['x8sync-done-source', 'x8sync-done-target']);
  saidBy(await x8sync(...args, '--name', 'last'), 0);
  expect(await scene.records('done')).toEqual([]);
  expect(await scene.records('last')).toEqual(['x8sync-last-source', 'x8sync-last-target']);
});

test('a task that is not there', async () => {
  for (const verb of ['status', 'cleanup']) {
    const ended = saidBy(await x8sync(verb, 'absent', '--context', contextB, '-n', scene.namespace), 1);
    expect(ended).toMatch(/no task "absent"/);
  }
  saidBy(await x8sync('cleanup', '--context', contextB), 2);
});

describe('cleanup from another workstation', () => {
  test('takes away both sides, whichever context it is called with', async () => {
    const task = await killedTask('killed');
    expect((await scene.leftovers(task)).length).toBeGreaterThan(4);
    saidBy(await elsewhere('cleanup', task, '--context', 'old', '-n', scene.namespace), 0);
    expect(await scene.leftovers(task)).toEqual([]);
    expect(await scene.records(task)).toEqual([]);
  });

  test('with one side out of reach cleans the other, names the first, and exits with 4', async () => {
    const task = await killedTask('halved');
    const cut = await otherKubeconfig({ new: contextB, old: contextA }, clusterOf(contextA));
    const args = ['cleanup', task, '--context', 'new', '-n', scene.namespace, '--request-timeout', '3s'];
    const ended = saidBy(await plugin('x8sync', args, { KUBECONFIG: cut.path }), 4);
    await cut.remove();
    expect(ended).toMatch(/source in namespace \S+ of https:/);
    const left = await scene.leftovers(task);
    expect(left.length).toBeGreaterThan(0);
    expect(left.every((line) => line.startsWith(contextA))).toBe(true);
    saidBy(await elsewhere('cleanup', task, '--context', 'old', '-n', scene.namespace), 0);
    expect(await scene.leftovers(task)).toEqual([]);
    expect(await scene.records(task)).toEqual([]);
  });

  test('--all takes every task of the namespace, finished ones too', async () => {
    saidBy(await elsewhere('cleanup', '--all', '--context', 'new', '-n', scene.namespace), 0);
    expect(await scene.records('last')).toEqual([]);
    expect(await scene.leftovers()).toEqual([]);
  });
});
