/** A restart that loses what was synced: the program is held back where that can be had, and never for ever. */
import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Target } from '../../../../../plugins/devsync/launch/launcher.ts';
import { StartupGate } from '../../../../../plugins/devsync/launch/startup-gate.ts';
import { type RestartContext, restart } from '../../../../../plugins/devsync/reload/restart.ts';
import { ChannelClosed } from '../../../../../plugins/devsync/wire/channel.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { pods } from '../../../../../src/kube/api/resources.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const [old, next, beside] = ['a', 'b', 'c'].map((one) => one.repeat(64)) as [string, string, string];
const idOf = (id: string) => `containerd://${id}`;

const podWith = (app: string, other = beside, more: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'shop' },
  spec: { nodeName: 'node-1', containers: [{ name: 'app' }, { name: 'other' }], ...more },
  status: {
    phase: 'Running',
    containerStatuses: [
      { name: 'app', containerID: idOf(app), state: { running: {} }, ready: true },
      { name: 'other', containerID: idOf(other), state: { running: {} }, ready: true },
    ] as never,
  },
});

/** The agent's end of a gate. */
class FakeLine extends Duplex {
  readonly got: string[] = [];
  override _read(): void {}
  override _write(data: Buffer, _: BufferEncoding, done: () => void): void {
    this.got.push(`${data}`);
    done();
  }
  says(news: object): void {
    this.push(`${JSON.stringify(news)}\n`);
  }
}

async function stage(more: Partial<RestartContext> = {}, pod = podWith(old)) {
  const kube = fakeKube();
  const before = await kube.create(pods, pod);
  const [clock, line, stop] = [fakeClock(), new FakeLine(), new AbortController()];
  const [gates, ended, synced] = [[] as boolean[], [] as string[], Promise.withResolvers<string>()];
  const context: RestartContext = {
    kube,
    target: {
      namespace: 'shop',
      pod: before,
      container: 'app',
      containerId: idOf(old),
      imageId: '',
    } as Target,
    clock,
    signal: stop.signal,
    survivesRestart: false,
    restartAnyway: true,
    launcher: 'node-agent',
    untilInSync: () => synced.promise,
    onGate: (gate) => gates.push(gate !== undefined),
    openGate: async () => new StartupGate(line, 20),
    end: async () => {
      ended.push('end');
      // It ends before it answers.
      throw new ChannelClosed('the stream ended');
    },
    ...more,
  };
  const done = restart(context);
  done.catch(() => {});
  await settle();
  /** The kubelet has started it again. */
  const startsAgain = async (id = next, other = beside) => {
    const { metadata } = await kube.get(pods, { namespace: 'shop', name: 'web-0' });
    await kube.replace(pods, { ...podWith(id, other), metadata });
    await settle();
  };
  return { clock, line, stop, gates, ended, synced, done, startsAgain };
}

test('the program goes on once what was synced is there, and not before', async () => {
  const { line, gates, ended, synced, done, startsAgain } = await stage();
  expect([gates, ended]).toEqual([[true], ['end']]);
  line.says({ looking: true });
  line.says({ held: next });
  await startsAgain();
  expect(line.destroyed).toBe(false);
  synced.resolve('');
  expect(await done).toEqual({
    message:
      'container app was started again; its program was held back until what was synced was there again',
  });
  expect([line.destroyed, gates]).toEqual([true, [true, false]]);
});

test('what could not be put there by then is told', async () => {
  const { line, synced, done, startsAgain } = await stage();
  line.says({ held: next });
  await startsAgain();
  synced.resolve('2 problems');
  expect((await done).message).toMatch(
    /was held back until what was synced was there again, but for 2 problems$/,
  );
});

test('another container that begins in that time goes on at once', async () => {
  const { line, synced, done, startsAgain } = await stage();
  const again = 'd'.repeat(64);
  line.says({ held: again });
  await settle();
  await startsAgain(old, again);
  expect(line.got).toEqual([`{"letGo":"${again}"}\n`]);
  line.says({ held: next });
  await startsAgain(next, again);
  synced.resolve('');
  await expect(done).resolves.toMatchObject({ message: expect.stringMatching(/held back until/) });
});

test('so does one whose news are later than the cluster', async () => {
  const { line, stop, startsAgain } = await stage();
  const again = 'd'.repeat(64);
  await startsAgain(old, again);
  line.says({ held: again });
  await settle();
  expect(line.got).toEqual([`{"letGo":"${again}"}\n`]);
  stop.abort();
});

test('so does one that begins while the program waits for the sync', async () => {
  const { line, synced, done, startsAgain } = await stage();
  line.says({ held: next });
  await startsAgain();
  const again = 'd'.repeat(64);
  line.says({ held: again });
  await settle();
  expect(line.got).toEqual([`{"letGo":"${again}"}\n`]);
  synced.resolve('');
  await expect(done).resolves.toMatchObject({ message: expect.stringMatching(/held back until/) });
});

test.each<[string, (at: Awaited<ReturnType<typeof stage>>) => unknown, RegExp]>([
  ['its time is over', ({ clock }) => clock.advance(20_000), /went on before .*: its 20 s were over$/],
  [
    'its line ends',
    ({ line }) => line.destroy(),
    /went on before .*: the line to the agent of the node ended$/,
  ],
  [
    'the agent says nonsense',
    ({ line }) => line.push('{}\n'),
    /went on before .*: the agent sent news that mean nothing$/,
  ],
])('where %s, the program goes on without it, and that is said', async (_, happens, words) => {
  const at = await stage();
  at.line.says({ held: next });
  await at.startsAgain();
  await happens(at);
  expect((await at.done).message).toMatch(words);
  expect([at.line.destroyed, at.gates]).toEqual([true, [true, false]]);
});

test('a program that was not held in time has begun, and that is said', async () => {
  const { clock, done, startsAgain } = await stage();
  await startsAgain();
  await clock.advance(2_000);
  expect((await done).message).toMatch(
    /its program began before .*: the agent of the node was too late for it$/,
  );
});

test('so it is where the agent says that it had begun, also where it executes another one by then', async () => {
  const { line, done, startsAgain } = await stage();
  line.says({ late: next });
  line.says({ held: next });
  await startsAgain();
  expect((await done).message).toMatch(
    /its program began before .*: the agent of the node was too late for it$/,
  );
});

test('so it is where the agent may not hold it', async () => {
  const { line, done, startsAgain } = await stage();
  line.says({ trouble: 'Operation not permitted' });
  await startsAgain();
  expect((await done).message).toMatch(
    /began before .*: the agent of the node may not hold it: Operation not permitted$/,
  );
});

test('without a gate it is restarted all the same, with the reason', async () => {
  const openGate = async () => {
    throw new Error('node node-1 has no agent');
  };
  const refused = await stage({ openGate });
  await refused.startsAgain();
  expect((await refused.done).message).toMatch(/its program began before .*: node node-1 has no agent$/);
  expect(refused.gates).toEqual([]);
  const inside = await stage({ launcher: 'exec' });
  await inside.startsAgain();
  expect((await inside.done).message).toMatch(
    /began before .*: the agent that was started by exec ends with the container/,
  );
  expect([inside.gates, inside.ended]).toEqual([[], ['end']]);
});

test('what a volume keeps is there without one', async () => {
  const { gates, done, startsAgain } = await stage({ survivesRestart: true });
  await startsAgain();
  expect(await done).toEqual({ message: 'container app was started again' });
  expect(gates).toEqual([]);
});

test('nothing is held any more where the container does not end, and where the sync is stopped', async () => {
  const failing = await stage({
    end: () => Promise.reject(new Error('the main process handles none of them')),
  });
  await expect(failing.done).rejects.toThrow('handles none');
  expect([failing.line.destroyed, failing.gates]).toEqual([true, [true, false]]);
  const stopped = await stage();
  stopped.stop.abort(new Error('stopped'));
  await expect(stopped.done).rejects.toThrow('stopped');
  expect([stopped.line.destroyed, stopped.gates]).toEqual([true, [true, false]]);
});

test('what would be lost is refused where nobody wants it anyway, and a pod that is never restarted', async () => {
  const refused = await stage({ restartAnyway: false });
  await expect(refused.done).rejects.toThrow(/would be lost/);
  const never = await stage({}, podWith(old, beside, { restartPolicy: 'Never' } as never));
  await expect(never.done).rejects.toThrow(/never restarted/);
  expect([refused.ended, never.ended]).toEqual([[], []]);
});
