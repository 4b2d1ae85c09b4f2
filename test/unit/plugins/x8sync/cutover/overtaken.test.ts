/** A cutover that was left in its middle, and whose claim another one has moved since. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { describeTask, documentOf, tableOf } from '../../../../../plugins/x8sync/commands/task-output.ts';
import { cleanUp } from '../../../../../plugins/x8sync/records/cleanup.ts';
import { listTasks } from '../../../../../plugins/x8sync/records/inventory.ts';
import { lookAt } from '../../../../../plugins/x8sync/records/look.ts';
import type { TaskContext } from '../../../../../plugins/x8sync/records/task-sides.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { X8sError } from '../../../../../src/errors.ts';
import { configMaps, deployments, persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import {
  clock,
  counts,
  cutOff,
  cutOffBeforeStart,
  events,
  forgetEvents,
  killedOnceStarted,
  kube,
  markForAnother,
  markNow,
  namespace,
  object,
  openShop,
  reconnect,
  recordNow,
  replicas,
  run,
  scale,
  scaleWeb,
} from '../../../support/cutover-scene.ts';

beforeEach(openShop);

const { signal } = new AbortController();
const context: TaskContext = {
  reporter: createSilentReporter(),
  clock,
  signal,
  onAbandoned: () => {},
  connectTo: async () => kube,
  timeoutMs: 1000,
};
const onceMore = (name: string, more: object = {}) => run(undefined, 'target', name, true, more);
const agreed = (name: string) => run(undefined, 'target', name, false, { deletes: 'all', confirmed: true });

async function entryOf(task: string) {
  const [entry] = await listTasks(storeOf(kube, { clock }), kube, { namespace, task, signal });
  if (!entry) throw new Error(`there is no task ${task}`);
  return entry;
}

async function shown(name: string) {
  const task = await lookAt(await entryOf(name), kube, context, { withProgress: true });
  const now = clock.now();
  return {
    document: documentOf(task),
    text: describeTask(task, now),
    table: JSON.stringify(tableOf([task], now)),
  };
}

const clean = async (name: string) => cleanUp(await entryOf(name), kube, context);

/** Cutover a is cut off in its middle; the source is started as it is told, and the claim moved by another name. */
async function overtake(target = 'new'): Promise<void> {
  await expect(run(cutOff, 'target', 'a')).rejects.toThrow('no answer');
  reconnect();
  await scaleWeb(replicas);
  await run(undefined, target === 'new' ? 'target' : 'nothing', 'b', false, {
    target: { kube, namespace, claim: target },
  });
  forgetEvents();
}

async function otherClaim(): Promise<void> {
  const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
  await kube.create(persistentVolumeClaims, object('third', claim) as never);
}

const overtaken = (target: string) => ({
  exitCode: 3,
  message: `cutover a can't be gone on with: Deployment web (3) of the source was moved by cutover b, to claim shop/${target}, since`,
  hint: expect.stringMatching(
    /^--again begins it anew, .*kubectl x8sync cleanup a -n shop --context fake removes/,
  ),
});

describe('a cutover whose claim another one has moved since, to another target', () => {
  beforeEach(async () => {
    await otherClaim();
    await overtake('third');
  });

  test.each([
    ['the same command', () => run(undefined, 'target', 'a')],
    ['that with --delete --yes', () => agreed('a')],
  ])('is not taken up by %s: two would run', async (_, command) => {
    await expect(command()).rejects.toMatchObject(overtaken('third'));
    expect([events, await counts()]).toEqual([[], { web: 0, next: 0 }]);
    expect(await markNow()).toMatchObject({ task: 'b', moved: true });
  });

  test('begins anew by --again, where both are to run', async () => {
    await expect(onceMore('a')).rejects.toThrow(/was moved to claim shop\/third by cutover b/);
    expect(await onceMore('a', { confirmed: true })).toMatchObject({ resumed: true, stopped: [] });
    expect(await markNow()).toMatchObject({ task: 'b', moved: true });
  });

  test('is told to be over, and cleaned up', async () => {
    const { document, text, table } = await shown('a');
    expect(document).toMatchObject({
      phase: 'Failed',
      cutover: { overtakenBy: { task: 'b', target: 'shop/third' }, standingStill: [] },
    });
    const over =
      /can't be gone on with: Deployment web \(3\) of the source was moved by cutover b, to claim shop\/third/;
    expect(text).toMatch(over);
    expect(table).toMatch(over);
    expect(`${text}${table}`).not.toMatch(/in its middle/);
    await clean('a');
    await expect(entryOf('a')).rejects.toThrow('there is no task');
    expect(await markNow()).toMatchObject({ task: 'b', moved: true });
  });
});

describe('a cutover whose claim another one has moved since, to the same target', () => {
  beforeEach(() => overtake());

  test('is not taken up where the record of that other one is gone, and stands in no way of a third', async () => {
    await clean('b');
    await expect(agreed('a')).rejects.toMatchObject(overtaken('new'));
    await expect(run(undefined, 'target', 'c')).rejects.toThrow(
      /in use|was moved to claim shop\/new by cutover b/,
    );
    expect([events, await counts()]).toEqual([[], { web: 0, next: replicas }]);
    await scale('next', 0);
    await onceMore('c');
    await clean('a');
  });

  test('begins anew by --again, and has ended then', async () => {
    await scale('next', 0);
    await onceMore('a');
    expect((await shown('a')).document).toMatchObject({ phase: 'Succeeded' });
  });
});

describe('a cutover whose target another one has moved on since', () => {
  const marked = (more: object) => {
    const mark = { task: 'b', target: 'shop/third', targetUid: '99', replicas, ...more };
    const metadata = { annotations: { [stopMarkKey]: JSON.stringify(mark) } };
    const ref = { namespace, name: 'next' };
    return kube.patch(deployments, ref, { metadata, spec: { replicas: 0 } }, { type: 'merge' });
  };
  const killedAndMoved = async (moved: boolean) => {
    await killedOnceStarted();
    await marked({ moved });
    forgetEvents();
  };
  const taskNow = async () => (await recordNow()).task;

  test('starts nothing there, though all was copied: it would run beside what runs elsewhere', async () => {
    await killedAndMoved(true);
    for (const again of [false, true])
      await expect(run(undefined, 'target', undefined, again)).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(
          /Deployment next \(3\) of the target was moved by cutover b, to claim shop\/third, since, and Deployment web \(3\) of the source stands still$/,
        ),
        details: [expect.stringMatching(/scale deployment\/web --replicas=3$/)],
      });
    expect([events, await counts()]).toEqual([[], { web: 0, next: 0 }]);
    expect((await shown(await taskNow())).text).toMatch(
      /of the target was moved .*web \(3\) of the source stands still for it$/m,
    );
  });

  test('is cleaned up where what stands still at the source is to stay so', async () => {
    await killedAndMoved(true);
    const annotations = { [stopMarkKey]: null };
    await kube.patch(
      deployments,
      { namespace, name: 'web' },
      { metadata: { annotations } },
      { type: 'merge' },
    );
    const task = await taskNow();
    await clean(task);
    await expect(entryOf(task)).rejects.toThrow('there is no task');
  });

  test('starts nothing either while that other one is in its middle, nor does a new one', async () => {
    await killedAndMoved(false);
    const stands = /^Deployment next \(3\) of fake\/shop stands still for cutover b to claim shop\/third/;
    await expect(run()).rejects.toThrow(stands);
    await scaleWeb(replicas);
    await clean(await taskNow());
    await expect(run()).rejects.toThrow(stands);
    expect((await counts()).next).toBe(0);
  });
});

test('a cutover whose workload stands still for another one by now is not taken up, and can be cleaned up', async () => {
  await expect(run(cutOff, 'target', 'a')).rejects.toThrow('no answer');
  reconnect();
  await markForAnother();
  forgetEvents();
  await expect(agreed('a')).rejects.toThrow(/stands still for cutover other to claim shop\/elsewhere/);
  expect(events).toEqual([]);
  expect((await shown('a')).text).toMatch(/web \(3\) of the source stands still by cutover other/);
  await clean('a');
  expect(await markNow()).toMatchObject({ task: 'other' });
});

describe('a cutover in its middle', () => {
  test('whose source was started by hand since is told to have nothing that stands still', async () => {
    await expect(run(cutOff, 'target', 'a')).rejects.toThrow('no answer');
    reconnect();
    expect((await shown('a')).document).toMatchObject({ cutover: { standingStill: ['Deployment web (3)'] } });
    await scaleWeb(2);
    const { document, text } = await shown('a');
    expect(document).toMatchObject({ cutover: { standingStill: [], running: ['Deployment web (3)'] } });
    expect(text).toMatch(/Cutover: +left in its middle \(stopping\): Deployment web \(3\) runs again/);
    await clean('a');
    expect((await kube.list(configMaps, { namespace })).items).toEqual([]);
  });

  test('is as its record says where its source can not be asked', async () => {
    cutOffBeforeStart();
    await expect(run(undefined, 'target', 'a')).rejects.toThrow('no answer');
    reconnect();
    kube.before = ({ verb, collection }) => {
      if (verb === 'get' && collection === 'apps/deployments') throw new X8sError('away');
    };
    expect((await shown('a')).text).toMatch(
      /in its middle \(starting\): Deployment web \(3\) was stopped, .*, by its record: its source could not be asked$/m,
    );
  });
});

test('a record whose cutover had moved its workload itself, and was killed, is gone on with', async () => {
  await killedOnceStarted();
  expect(await run()).toMatchObject({ resumed: true });
  expect(await counts()).toEqual({ web: 0, next: replicas });
});

describe('a cutover back to where the workload was moved from, left in its middle', () => {
  const back = {
    source: { kube, namespace, claim: 'new' },
    target: { kube, namespace, claim: 'old' },
  };
  /** From the moment on at which the source stands still, nothing can be scaled any more. */
  async function cutOffStill(): Promise<void> {
    const next = await kube.get(deployments, { namespace, name: 'next' });
    if ((next.spec as { replicas: number }).replicas > 0) return;
    kube.before = ({ verb }) => {
      if (verb === 'patch') throw new X8sError('no answer');
    };
    throw new X8sError('no answer');
  }

  beforeEach(async () => {
    for (const ref of Object.values(back)) ref.kube = kube;
    await run(undefined, 'target', 'there');
    await expect(run(cutOffStill, 'target', 'back', false, back)).rejects.toThrow('no answer');
    reconnect();
    expect(await counts()).toEqual({ web: 0, next: 0 });
    forgetEvents();
  });

  test.each([
    ['the same command', {}],
    ['that with --delete --yes', { deletes: 'all', confirmed: true } as const],
  ])('is gone on with by %s: the mark there is of the cutover before it', async (_, more) => {
    expect(await run(undefined, 'target', 'back', false, { ...back, ...more })).toMatchObject({
      resumed: true,
    });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('is told to be gone on with, and says how to start by hand what stands still', async () => {
    const { document, text } = await shown('back');
    expect(document).toMatchObject({ cutover: { standingStill: [`Deployment next (${replicas})`] } });
    expect(text).not.toMatch(/can't be gone on with/);
    await expect(clean('back')).rejects.toThrow(/is in the middle of a cutover/);
  });
});
