import { describe, expect, test } from '@jest/globals';
import { UnreachableError } from '../../../../src/errors.ts';
import { TaskStore } from '../../../../src/tasks/store.ts';
import { TaskWriter } from '../../../../src/tasks/writer.ts';
import { fakeClock, settle } from '../../support/fake-clock.ts';
import { fakeKube } from '../../support/fake-kube.ts';

async function scene() {
  const clock = fakeClock();
  const kube = fakeKube();
  const store = new TaskStore({ kube, tool: 'x8sync', schema: 1, clock });
  const { record } = await store.open({ namespace: 'prod', task: 'web', role: 'target', spec: {} });
  const writer = new TaskWriter({ store, record, clock });
  const now = async () => {
    const found = await store.find('prod', 'web', 'target');
    if (!found) throw new Error('the record is gone');
    return found;
  };
  const writes = () => kube.calls.filter(({ verb }) => verb === 'update').length;
  return { clock, kube, writer, now, writes };
}

describe('a run’s record', () => {
  test('takes changes that meet in one write, and all of them', async () => {
    const { writer, now, writes } = await scene();
    const changes = [1, 2, 3, 4, 5].map((n) => writer.checkpoint(`part-${n}`, { done: n }));
    await Promise.all([...changes, writer.setPhase('Running', 'copying')]);
    expect(writes()).toBe(1);
    expect(await now()).toMatchObject({
      phase: 'Running',
      message: 'copying',
      checkpoints: { 'part-5': { done: 5 } },
    });
    expect(Object.keys(writer.record.checkpoints)).toHaveLength(5);
    await writer.checkpoint('part-5', undefined);
    expect(Object.keys((await now()).checkpoints)).toHaveLength(4);
  });

  test('is written by one write at a time', async () => {
    const { kube, clock, writer, writes } = await scene();
    kube.before = () => clock.sleep(100);
    const first = writer.checkpoint('a', 1);
    await settle();
    const rest = Promise.all([writer.checkpoint('b', 2), writer.checkpoint('c', 3)]);
    await clock.advance(50);
    expect(writes()).toBe(1);
    await clock.advance(200);
    await Promise.all([first, rest]);
    expect(writes()).toBe(2);
    expect(kube.calls.filter(({ verb }) => verb === 'get')).toHaveLength(0);
  });

  test('goes on after a write that failed, and its callers are told', async () => {
    const { kube, writer, now } = await scene();
    kube.before = () => {
      throw new UnreachableError('no route to host');
    };
    await expect(writer.checkpoint('a', 1)).rejects.toThrow(UnreachableError);
    kube.before = () => undefined;
    await writer.checkpoint('b', 2);
    expect((await now()).checkpoints).toEqual({ b: 2 });
  });
});

describe('progress', () => {
  test('is written at once, then at most every two seconds, the newest', async () => {
    const { clock, writer, now, writes } = await scene();
    for (let percent = 0; percent <= 50; percent++) {
      writer.progress(`${percent} %`);
      await clock.advance(100);
    }
    expect(writes()).toBe(3);
    expect((await now()).progress).toBe('39 %');
    await clock.advance(2000);
    expect((await now()).progress).toBe('50 %');
    await clock.advance(60_000);
    expect(writes()).toBe(4);
  });

  test('never fails a run', async () => {
    const { clock, kube, writer, now } = await scene();
    kube.before = () => {
      throw new UnreachableError('no route to host');
    };
    writer.progress('1 %');
    await clock.advance(1);
    kube.before = () => undefined;
    writer.progress('2 %');
    await clock.advance(2000);
    expect((await now()).progress).toBe('2 %');
  });

  test('is written with the end of the run, in one write', async () => {
    const { clock, writer, now, writes } = await scene();
    writer.progress('1 %');
    await clock.advance(1);
    writer.progress('100 %');
    await writer.finish('Succeeded', '5 files');
    expect(writes()).toBe(2);
    expect(await now()).toMatchObject({
      phase: 'Succeeded',
      message: '5 files',
      progress: '100 %',
      finishedAt: '2026-01-01T00:00:00.001Z',
    });
    await clock.advance(10_000);
    expect(writes()).toBe(2);
  });

  test('can be flushed', async () => {
    const { clock, writer, now } = await scene();
    writer.progress('1 %');
    await clock.advance(1);
    writer.progress('2 %');
    await writer.flush();
    expect((await now()).progress).toBe('2 %');
    await writer.flush();
  });
});
