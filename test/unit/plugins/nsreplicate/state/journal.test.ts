import { expect, test } from '@jest/globals';
import { Journal } from '../../../../../plugins/nsreplicate/state/journal.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

/** A journal of one document, whose content counts. */
function scene() {
  const kube = fakeKube();
  const happened: string[] = [];
  const said: string[] = [];
  let count = 0;
  const journal = new Journal({
    kube,
    clock: fakeClock(),
    task: 't',
    next: () => ({ role: 'state', annotations: {}, data: { count: String(++count) } }),
    written: () => happened.push('written'),
    failed: () => happened.push('failed'),
    doubted: async () => {
      happened.push('doubted');
      if (doubts.length > 0) throw doubts.pop();
    },
    warn: (text) => said.push(text),
  });
  const doubts: Error[] = [];
  const kept = () => kube.objects.all('/configmaps')[0]?.data;
  return { kube, journal, happened, said, doubts, kept };
}

test('what could not be written is looked at before it is written again: the cluster may be another one now', async () => {
  const { kube, journal, happened, doubts, kept } = scene();
  await journal.writeNow('state');
  kube.before = () => {
    throw new UnreachableError('the connection was lost');
  };
  await journal.writeNow('state');
  kube.before = () => undefined;
  doubts.push(new UnreachableError('still'));
  await journal.writeNow('state');
  expect(happened.splice(0)).toEqual(['written', 'failed', 'doubted', 'failed']);
  expect(kept()).toEqual({ count: '1' });
  await journal.writeNow('state');
  await journal.writeNow('state');
  expect(happened).toEqual(['doubted', 'written', 'written']);
  expect(kept()).toEqual({ count: '5' });
});

test('a write that the end of a run cuts short is made again, and nothing is said of it', async () => {
  const { kube, journal, happened, said, kept } = scene();
  const ended = new AbortController();
  kube.before = () => new Promise<void>(() => undefined);
  const running = journal.run(ended.signal);
  await new Promise(setImmediate);
  ended.abort();
  await running;
  kube.before = () => undefined;
  await journal.flush(1);
  expect([happened, said]).toEqual([['failed', 'doubted', 'written'], []]);
  expect(kept()).toEqual({ count: '2' });
});

test('at the end of a run one failure is no reason to give up, and two are', async () => {
  const { kube, journal, happened } = scene();
  let failures = 1;
  kube.before = () => {
    if (failures-- > 0) throw new UnreachableError('the connection was lost');
  };
  await journal.flush(2);
  expect(happened.filter((what) => ['failed', 'written'].includes(what))).toEqual(['failed', 'written']);
  failures = 5;
  await journal.flush(5);
  expect(failures).toBe(3);
});
