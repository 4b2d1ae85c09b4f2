import { expect, test } from '@jest/globals';
import { followPods } from '../../../../../plugins/x8sync/monitor/follow.ts';
import type { MoverLine } from '../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import { protocol } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import type { ContainerState, Pod } from '../../../../../src/kube/api/objects.ts';
import { pods } from '../../../../../src/kube/api/resources.ts';
import { fakeClock, settle } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const labels = { 'x8s.dev/task': 'db' };

function podThat(name: string, state: ContainerState | undefined, status: object = {}): Pod {
  const containerStatuses = state ? [{ name: 'target', image: 'mover:1', state }] : [];
  const metadata = { name, namespace: 'shop', labels };
  return { metadata, spec: { containers: [] }, status: { containerStatuses, ...status } } as Pod;
}

/** Follows the pods of one task; what the handlers are told is noted. */
function following() {
  const [kube, stop] = [fakeKube(), new AbortController()];
  const noted = {
    lines: [] as MoverLine[],
    killed: [] as string[],
    waiting: [] as string[],
    started: [] as string[],
    present: -1,
  };
  const handlers = {
    line: (line: MoverLine) => void noted.lines.push(line),
    killed: (text: string) => void noted.killed.push(text),
    waiting: (text: string) => void noted.waiting.push(text),
    started: ({ metadata }: Pod) => void noted.started.push(metadata.name),
    present: (count: number) => {
      noted.present = count;
    },
  };
  const followed = {
    clock: fakeClock(),
    kube,
    namespace: 'shop',
    selector: 'x8s.dev/task=db',
    container: 'target',
    what: 'the mover',
  };
  const over = followPods(followed, handlers, stop.signal);
  over.catch(() => {});
  return { kube, noted, over, stop };
}

const endLine = `x8s:end {"protocol":${protocol},"nonce":"n","outcome":"ok"}`;

test('the end line in the status of a pod is read, although its log is gone', async () => {
  const { kube, noted, stop } = following();
  await kube.create(pods, podThat('mover-1', { terminated: { exitCode: 0, message: `${endLine}\n` } }));
  await settle();
  expect(noted.lines).toMatchObject([{ kind: 'end', end: { nonce: 'n', outcome: 'ok' } }]);
  expect(noted.started).toEqual(['mover-1']);
  stop.abort();
});

test('pods of another task are not followed', async () => {
  const { kube, noted, stop } = following();
  const other = podThat('other', { terminated: { exitCode: 0, message: endLine } });
  await kube.create(pods, { ...other, metadata: { ...other.metadata, labels: { 'x8s.dev/task': 'no' } } });
  await settle();
  expect(noted.lines).toEqual([]);
  stop.abort();
});

test('what holds a pod up is said, and no longer once it has passed', async () => {
  const { kube, noted, stop } = following();
  const unscheduled = { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no node fits' }] };
  const pod = await kube.create(pods, podThat('mover-1', undefined, unscheduled));
  await settle();
  expect(noted.waiting.at(-1)).toMatch(/can't be scheduled: no node fits/);
  await kube.replace(pods, { ...pod, status: { conditions: [] } } as Pod);
  await settle();
  expect(noted.waiting.at(-1)).toBe('');
  stop.abort();
});

test('a container that was killed for memory is told once for each time, whether it runs again or not', async () => {
  const { kube, noted, stop } = following();
  const killed = (finishedAt: string) => ({ terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt } });
  const made = await kube.create(pods, podThat('mover-1', killed('10:00')));
  const become = async (state: ContainerState, lastState: ContainerState) => {
    const before = await kube.get(pods, { namespace: 'shop', name: made.metadata.name });
    const containerStatuses = [{ name: 'target', image: 'mover:1', state, lastState }];
    await kube.replace(pods, { ...before, status: { containerStatuses } } as Pod);
    await settle();
  };
  await settle();
  await become({ running: {} }, killed('10:00'));
  await become(killed('10:05'), killed('10:00'));
  await become({ terminated: { exitCode: 1, reason: 'Error' } }, { running: {} });
  expect(noted.killed).toEqual(
    ['10:00', '10:05'].map((time) => `pod mover-1 was killed for memory (OOMKilled, ${time})`),
  );
  stop.abort();
});

test('a pod that was deleted has its successor waited for', async () => {
  const { kube, noted, stop } = following();
  await kube.create(pods, podThat('mover-1', undefined));
  await settle();
  expect(noted.present).toBe(1);
  await kube.delete(pods, { namespace: 'shop', name: 'mover-1' });
  await settle();
  expect(noted.present).toBe(0);
  expect(noted.waiting.at(-1)).toMatch(/mover-1 was deleted; waiting for the next one/);
  stop.abort();
});

test('a successor that waits is what is told, also once the one before it has gone, until it runs', async () => {
  const { kube, noted, stop } = following();
  await kube.create(pods, podThat('mover-1', undefined));
  const unscheduled = { conditions: [{ type: 'PodScheduled', status: 'False', message: 'no node fits' }] };
  const next = await kube.create(pods, podThat('mover-2', undefined, unscheduled));
  await kube.delete(pods, { namespace: 'shop', name: 'mover-1' });
  await settle();
  expect(noted.waiting.at(-1)).toBe("it can't be scheduled: no node fits");
  await kube.replace(pods, { ...next, status: podThat('mover-2', { running: {} }).status } as Pod);
  await settle();
  expect(noted.waiting.at(-1)).not.toMatch(/scheduled/);
  stop.abort();
});

test('a pod that can never start ends it, with the reason and where to look', async () => {
  const { kube, over } = following();
  const waiting = { reason: 'InvalidImageName', message: 'a b is no image' };
  await kube.create(pods, podThat('mover-1', { waiting }));
  await expect(over).rejects.toMatchObject({
    message: expect.stringMatching(/the mover can't start: InvalidImageName: a b is no image/),
    hint: expect.stringMatching(/-n shop describe pod mover-1/),
  });
});
