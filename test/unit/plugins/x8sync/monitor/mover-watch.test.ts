import { afterEach, describe, expect, test } from '@jest/globals';
import { MoverWatch } from '../../../../../plugins/x8sync/monitor/mover-watch.ts';
import { protocol } from '../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import type { TaskSide } from '../../../../../plugins/x8sync/objects/sides.ts';
import type { Job, Pod } from '../../../../../src/kube/api/objects.ts';
import { jobs, pods } from '../../../../../src/kube/api/resources.ts';
import { progressFigures } from '../../../../../src/ui/progress-line.ts';
import type { Progress, StepHandle } from '../../../../../src/ui/reporter.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const meta = { name: 'x8sync-db-target', namespace: 'shop', labels: {}, ownerReferences: [] };
const labels = { 'x8s.dev/task': 'db' };
/** What is followed on when a test fails in its middle would keep the process from ending. */
const followed: AbortController[] = [];
afterEach(() => {
  for (const stop of followed.splice(0)) stop.abort();
});
const quiet = { title() {}, detail() {}, progress() {}, warn() {} };

function jobThatIs(type: string): Job {
  const status = { conditions: [{ type, status: 'True' as const, reason: 'R', message: 'm' }] };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: meta, spec: { template: {} }, status } as Job;
}

/** Follows a mover of which there is this Job, and a pod with these last words. */
const follow = (job: Job, ...words: string[]) => followOn(quiet, job, words);

/** The same, on a step. */
async function followOn(handle: StepHandle, job: Job, words: readonly string[]) {
  const [kube, clock, stop] = [fakeKube(), fakeClock(), new AbortController()];
  const terminated = { exitCode: 0, message: words.join('\n') };
  const status = { containerStatuses: [{ name: 'target', state: { terminated } }] };
  const pod = { metadata: { ...meta, labels }, spec: { containers: [] }, status } as Pod;
  if (words.length > 0) await kube.create(pods, pod);
  kube.answers.set(`/api/v1/namespaces/shop/pods/${meta.name}/log`, () => '');
  const side: TaskSide = { kube, ...meta, meta, selector: labels, selectorText: 'x8s.dev/task=db' };
  followed.push(stop);
  const debugged: string[] = [];
  const watch = new MoverWatch(
    clock,
    stop,
    stop.signal,
    (end) => end,
    (text) => debugged.push(text),
  );
  const mover = {
    job: await kube.create(jobs, job),
    nonce: 'n',
    takenUp: true,
    isMounted: false,
    addresses: [],
    notes: [],
  };
  watch.followMover(side, mover, 0, handle);
  return { watch, clock, stop, kube, debugged };
}

test.each([
  ['ok', ['lost+found of the source holds 3 entries']],
  ['no-room', []],
])('what a mover warned of is told where it ends with %s', async (outcome, expected) => {
  const { watch, stop } = await follow(
    jobThatIs('Suspended'),
    `x8s:log {"protocol":${protocol},"level":"info","text":"on its way"}`,
    `x8s:log {"protocol":${protocol},"level":"warning","text":"lost+found of the source holds 3 entries"}`,
    `x8s:end {"protocol":${protocol},"nonce":"n","outcome":"${outcome}"}`,
  );
  const told: string[] = [];
  await watch.ended({ ...quiet, warn: (text) => told.push(text) });
  expect(told).toEqual(expected);
  stop.abort();
});

test.each([
  ['is told', [], ['pod x8sync-db-target was deleted; waiting for the next one']],
  [
    'that has come to its end is no news: it is cleaned up',
    [`x8s:end {"protocol":${protocol},"nonce":"n","outcome":"ok"}`],
    [],
  ],
])('that the pod was deleted of a mover %s', async (_, end, expected) => {
  const told: string[] = [];
  const handle = { ...quiet, detail: (text: string) => told.push(text) };
  const started = `x8s:log {"protocol":${protocol},"level":"info","text":"on its way"}`;
  const { kube, clock, stop } = await followOn(handle, jobThatIs('Suspended'), [started, ...end]);
  await clock.advance(1);
  await kube.delete(pods, { namespace: 'shop', name: meta.name });
  await clock.advance(1);
  expect(told.filter((text) => text.includes('deleted'))).toEqual(expected);
  stop.abort();
});

test('a notice is shown while the mover still works', async () => {
  const { watch, clock, stop } = await follow(
    jobThatIs('Suspended'),
    `x8s:notice {"protocol":${protocol},"text":"the target keeps no owners"}`,
  );
  const told: string[] = [];
  const ended = watch.ended({ ...quiet, warn: (text) => told.push(text) });
  ended.catch(() => {});
  await clock.advance(1);
  expect(told).toEqual(['the target keeps no owners']);
  stop.abort();
});

test('what each stream has done and what becomes of workers is for those who ask for more, and shown to nobody else', async () => {
  const streams = [
    { stream: 1, files: 1200, bytes: 3 << 20, rate: 1 << 20 },
    { stream: 2, worker: 1, files: 7, bytes: 512, rate: 0 },
  ];
  const { watch, clock, stop, debugged } = await follow(
    jobThatIs('Suspended'),
    `x8s:log {"protocol":${protocol},"level":"info","text":"worker 1 (w-0) takes part, with 1 of the streams"}`,
    `x8s:streams ${JSON.stringify({ protocol, streams })}`,
    `x8s:log {"protocol":${protocol},"level":"warning","text":"a warning has its own place"}`,
    `x8s:streams {"protocol":${protocol},"streams":"none"}`,
  );
  const shown: unknown[] = [];
  const take = (what: unknown) => shown.push(what);
  watch.ended({ title: take, detail: take, progress: take, warn: take }).catch(() => {});
  await clock.advance(1);
  expect(debugged).toEqual([
    'mover: worker 1 (w-0) takes part, with 1 of the streams',
    'mover: stream 1: 1,200 files, 3.0 MiB, 1.0 MiB/s',
    'mover: stream 2 (worker 1): 7 files, 512 B, 0 B/s',
  ]);
  expect(shown).toEqual([]);
  stop.abort();
});

test('as long as the source still counts, that is what stands in the place of a total, and of a time left', async () => {
  const { watch, clock, stop } = await follow(
    jobThatIs('Suspended'),
    `x8s:progress {"protocol":${protocol},"bytes":1048576,"totalBytes":1048576,"files":3,"totalFiles":3,"rate":524288,"scanning":true}`,
  );
  await watch.moving();
  const [shown, texts]: [Progress[], string[]] = [[], []];
  const handle = { ...quiet, progress: (of: Progress) => shown.push(of) };
  watch.ended(handle, (text) => texts.push(text)).catch(() => {});
  expect(texts).toEqual(['1.0 MiB, counting, 512 KiB/s']);
  expect(shown.map(progressFigures)).toEqual(['1.0 MiB · 3 entries · counting · 512 KiB/s']);
  const counted = { bytes: 1_048_576, totalBytes: 4_194_304, files: 3, totalFiles: 6, rate: 524_288 };
  watch.messages.take({ kind: 'progress', progress: { ...counted, scanning: false } });
  expect(texts.at(-1)).toBe('1.0 MiB of 4.0 MiB, 512 KiB/s');
  expect(shown.map(progressFigures).at(-1)).toBe('25% · 1.0 MiB/4.0 MiB · 3/6 entries · 512 KiB/s');
  await clock.advance(8000);
  watch.messages.take({ kind: 'progress', progress: { ...counted, bytes: 2_097_152, scanning: false } });
  expect(shown.map(progressFigures).at(-1)).toBe(
    '50% · 2.0 MiB/4.0 MiB · 3/6 entries · 512 KiB/s · 16s left',
  );
  stop.abort();
});

test('a comparison after the copy, which begins at nothing again, is called one', async () => {
  const { watch, stop } = await follow(
    jobThatIs('Suspended'),
    `x8s:progress {"protocol":${protocol},"bytes":1048576,"totalBytes":2097152,"files":1,"totalFiles":2,"rate":0,"comparing":true}`,
  );
  await watch.moving();
  const [shown, texts]: [Progress[], string[]] = [[], []];
  const handle = { ...quiet, progress: (of: Progress) => shown.push(of) };
  watch.ended(handle, (text) => texts.push(text)).catch(() => {});
  expect(texts).toEqual(['comparing, 1.0 MiB of 2.0 MiB, no data at the moment']);
  expect(shown.map(progressFigures)).toEqual([
    expect.stringMatching(/^comparing · 50% · 1\.0 MiB\/2\.0 MiB/),
  ]);
  stop.abort();
});

test('a mover that asks for workers is heard, also by who asks later; what these say is not', async () => {
  const { watch, clock, stop, kube } = await follow(
    jobThatIs('Suspended'),
    `x8s:workers {"protocol":${protocol},"count":3}`,
  );
  const worker = { ...meta, name: 'worker-0', labels: { ...labels, 'x8s.dev/worker': 'true' } };
  const message = `x8s:end {"protocol":${protocol},"nonce":"n","outcome":"failed"}`;
  const status = { containerStatuses: [{ name: 'target', state: { terminated: { exitCode: 1, message } } }] };
  await kube.create(pods, { metadata: worker, spec: { containers: [] }, status } as Pod);
  await clock.advance(1);
  const counts: number[] = [];
  watch.onWorkers((count) => counts.push(count));
  expect(counts).toEqual([3]);
  let ended = false;
  void watch.end.then(() => {
    ended = true;
  });
  await clock.advance(1);
  expect(ended).toBe(false);
  stop.abort();
});

describe('a mover whose Job ended, and whose pods are gone', () => {
  test.each([
    ['Failed', 5_000, 'R: m'],
    ['Complete', 30_000, 'Complete, but what it said is gone'],
  ])('is not waited for when it is %s', async (type, ms, why) => {
    const { watch, clock } = await follow(jobThatIs(type));
    let said: unknown;
    watch.end.catch((error: Error) => {
      said = error.message;
    });
    await clock.advance(ms - 1);
    expect(said).toBeUndefined();
    await clock.advance(1);
    expect(said).toContain(`ended without a result: ${why}`);
  });
});

test('a mover of an image that speaks another version is not listened to', async () => {
  const { watch, clock, stop } = await follow(jobThatIs('Suspended'), 'x8s:end {"nonce":"n","outcome":"ok"}');
  await expect(watch.end).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`version 0 of the mover's protocol.*version ${protocol}`)),
    exitCode: 3,
  });
  await clock.advance(0);
  expect(stop.signal.aborted).toBe(true);
});

test('a copy that has lost its source shows since when, and neither a rate nor a time left', async () => {
  const progress = '"bytes":1048576,"totalBytes":2097152,"files":1,"totalFiles":2,"rate":524288';
  const { watch, clock, stop } = await follow(
    jobThatIs('Suspended'),
    `x8s:connected {"protocol":${protocol},"address":"a:1"}`,
    `x8s:progress {"protocol":${protocol},${progress}}`,
    `x8s:disconnected {"protocol":${protocol},"since":"2026-01-02T03:04:05Z"}`,
  );
  await watch.moving();
  const [details, figures, texts]: [string[], Progress[], string[]] = [[], [], []];
  const handle = {
    ...quiet,
    detail: (text: string) => details.push(text),
    progress: (of: Progress) => figures.push(of),
  };
  watch.ended(handle, (text) => texts.push(text)).catch(() => {});
  const lost = '1.0 MiB of 2.0 MiB, no connection to the source since 2026-01-02T03:04:05Z';
  expect([details, figures, texts]).toEqual([[lost], [], [lost]]);
  watch.messages.take({ kind: 'connected', address: 'a:1' });
  expect([details.at(-1), texts.at(-1)]).toEqual(['', '1.0 MiB of 2.0 MiB, 512 KiB/s']);
  expect(figures).toHaveLength(1);
  await clock.advance(8000);
  const further = { bytes: 1_572_864, totalBytes: 2_097_152, files: 1, totalFiles: 2, rate: 65_536 };
  watch.messages.take({ kind: 'progress', progress: { ...further, scanning: false } });
  expect([details.at(-1), figures.at(-1)?.secondsLeft]).toEqual(['', 8]);
  stop.abort();
});

test("what its pods wait for is what a copy shows, the mover's first; the source's only while nothing moves", async () => {
  const progress = '"bytes":1048576,"totalBytes":2097152,"files":1,"totalFiles":2,"rate":524288';
  const { watch, stop } = await follow(
    jobThatIs('Suspended'),
    `x8s:progress {"protocol":${protocol},${progress}}`,
  );
  await watch.moving();
  const details: string[] = [];
  watch.ended({ ...quiet, detail: (text: string) => details.push(text) }).catch(() => {});
  const { messages } = watch;
  messages.noteWait('source', 'no node fits');
  expect(details).toEqual([]);
  messages.take({ kind: 'disconnected', since: '2026-01-02T03:04:05Z' });
  expect(details.at(-1)).toBe("1.0 MiB of 2.0 MiB, the source's pod: no node fits");
  messages.noteStopped();
  expect(details.at(-1)).toBe(
    "1.0 MiB of 2.0 MiB, the mover's pod: it was stopped; waiting for the next one",
  );
  messages.noteWait('target', 'its image is pulled');
  messages.noteStopped();
  expect(details.at(-1)).toBe("1.0 MiB of 2.0 MiB, the mover's pod: its image is pulled");
  messages.noteWait('target', '');
  messages.noteWait('source', '');
  expect(details.at(-1)).toBe('1.0 MiB of 2.0 MiB, no connection to the source since 2026-01-02T03:04:05Z');
  stop.abort();
});

test('a copy in which nothing moves any more shows since when, and neither a rate nor a time left', async () => {
  const figures = (bytes: number) =>
    `x8s:progress {"protocol":${protocol},"bytes":${bytes},"totalBytes":2097152,"files":1,"totalFiles":2,"rate":524288}`;
  const { watch, clock, stop } = await follow(jobThatIs('Suspended'), figures(1_048_576));
  await watch.moving();
  const [details, shown, texts]: [string[], Progress[], string[]] = [[], [], []];
  const handle = {
    ...quiet,
    detail: (text: string) => details.push(text),
    progress: (of: Progress) => shown.push(of),
  };
  const since = clock.now().toISOString();
  watch.ended(handle, (text) => texts.push(text)).catch(() => {});
  await clock.advance(4000);
  expect([details, texts]).toEqual([[], ['1.0 MiB of 2.0 MiB, 512 KiB/s']]);
  await clock.advance(1000);
  expect(details).toEqual([`1.0 MiB of 2.0 MiB, no data since ${since}`]);
  expect(texts.at(-1)).toBe(details[0]);
  // The same figures once more are no news.
  const progress = {
    bytes: 1_048_576,
    totalBytes: 2_097_152,
    files: 1,
    totalFiles: 2,
    rate: 0,
    scanning: false,
  };
  watch.messages.take({ kind: 'progress', progress });
  expect(details.at(-1)).toBe(details[0]);
  watch.messages.take({ kind: 'progress', progress: { ...progress, bytes: 1_572_864, rate: 524_288 } });
  expect([details.at(-1), shown.at(-1)?.secondsLeft]).toEqual(['', undefined]);
  await clock.advance(6000);
  watch.messages.take({ kind: 'progress', progress: { ...progress, bytes: 1_835_008, rate: 524_288 } });
  expect([details.at(-1), shown.at(-1)?.secondsLeft]).toEqual(['', 2]);
  // All bytes are there, and not all entries: how long these take is not known.
  watch.messages.take({ kind: 'progress', progress: { ...progress, bytes: 2_097_152, rate: 524_288 } });
  expect(shown.at(-1)).toMatchObject({ items: 1, totalItems: 2 });
  expect(shown.at(-1)).not.toHaveProperty('secondsLeft');
  stop.abort();
});
