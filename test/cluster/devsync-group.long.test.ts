/** More of a sync in which several containers take part: pods that come and go, a pod's own, and those of a Job. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { forever, images } from './support/devsync.ts';
import { podsOf, syncMany, writerOf } from './support/many.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('pods come and go: the others stay attached, and another one writes back where the writer goes', async () => {
  const it = open();
  const { writer, one, everywhere } = await syncMany(it);
  it.write('made', 'made here');
  await everywhere('made', 'made here');
  const changed = performance.now();

  // One more comes, and leaves the others alone.
  await it.kubectl('scale', 'deployment/many', '--replicas=4');
  const grown = await it.reaches('many', 'watching', (now) => podsOf(now).length === 4);
  // Of the one that is to go next: the controller has to have heard of it by then.
  const leaving = podsOf(grown).find((pod) => pod !== writer && pod !== one) ?? '';
  await it.kubectl('annotate', 'pod', leaving, 'controller.kubernetes.io/pod-deletion-cost=-1000');
  await everywhere('made', 'made here', podsOf(grown));
  const attached = (await it.must('logs', 'many')).match(/attached to \S+/g) ?? [];
  expect([attached.length, new Set(attached).size]).toEqual([4, 4]);

  // A follower goes, for good: the others stay attached.
  await it.kubectl('scale', 'deployment/many', '--replicas=3');
  const left = await it.reaches('many', 'watching', (now) => podsOf(now).length === 3);
  expect(podsOf(left)).not.toContain(leaving);
  it.write('deep/b', 'after it');
  await everywhere('deep/b', 'after it', podsOf(left));
  expect((await it.must('logs', 'many')).match(/attached to \S+/g)).toHaveLength(4);

  // The writer goes: another one writes back.
  await it.kubectl('delete', 'pod', writer, '--wait=false');
  const next = await it.reaches(
    'many',
    'watching',
    (now) => writerOf(now) !== writer && podsOf(now).length === 3 && !podsOf(now).includes(writer),
  );
  // What a container changes within ten seconds from its start, or from its own last change then, is no person's edit.
  await sleep(Math.max(0, 15_000 - (performance.now() - changed)));
  await it.sh(writerOf(next), 'echo -n four >/work/deep/b');
  await everywhere('deep/b', 'four', podsOf(next));
  expect(it.read('deep/b')).toBe('four');
  expect(await it.must('flush', 'many')).toMatch(/^Both sides are the same\./);
  expect(await it.must('clean', 'many', '--yes')).toMatch(new RegExp(`pod ${writerOf(next)},`));
});

test('several containers of one pod, and what is no use is refused', async () => {
  const it = open();
  it.write('a', 'one');
  const app = { image: images.plain, command: forever };
  const containers = ['app', 'side', 'other'].map((name) => ({ ...app, name }));
  await it.sync('two', { pod: { containers }, options: ['--container', 'app,side'] });
  const seen = await it.reaches('two', 'watching', ({ state }) => state?.sessions?.length === 2);
  expect(seen.state?.sessions?.map(({ role, container }) => [role, container])).toEqual([
    ['writer', 'app'],
    ['follower', 'side'],
  ]);
  it.write('a', 'two');
  for (const container of ['app', 'side'])
    await eventually(async () => expect(await it.sh('two', 'cat /work/a', container)).toBe('two'));
  expect(await it.sh('two', 'ls /work', 'other')).toBe('');

  const tries: [string[], RegExp][] = [
    [['create', '--pod', 'two', '--pods', 'all'], /--pods all needs a --selector/],
    [['create', '-l', 'app=two', '--writer', 'two'], /--writer is for --pods all/],
    [['create', '-l', 'app=two', '-c', 'app,none', '--name', 'no'], /has no container none/],
    [
      ['create', '-l', 'app=two', '--pods', 'all', '--mode', 'one-way-safe', '--from', 'container'],
      /is for one/,
    ],
    [['run', '--pod', 'two', '-c', 'app,side'], /run is for one container/],
  ];
  const noList: [string[], RegExp][] = [
    [['/work'], /give either --selector or --pod/],
    [['-l', 'app=two', 'two'], /--selector is for an absolute path in containers/],
    [['--side', 'local', '--pod', 'two', 'two'], /are for the side of the container/],
    [['--side', 'local', '--pod', 'two', '/work'], /--side local is for a sync by its name/],
    [['--pod', 'none', '/work'], /there is no pod none/],
    [['--pod', 'two', '/nowhere'], /REMOTE \/nowhere does not exist in the container/],
  ];
  for (const [args, message] of noList) {
    const { code, stderr } = await it.devsync('list', ...args);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(message)]);
    expect(code).not.toBe(0);
  }
  const other = JSON.parse(await it.must('list', '--pod', 'two', '-c', 'side', '/work', '-o', 'json'));
  expect(other).toEqual([{ pod: 'two', container: 'side', kind: 'file', path: 'a', size: 3 }]);

  for (const [args, message] of tries) {
    const { code, stderr } = await it.devsync(...args, it.local, '/elsewhere');
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(message)]);
    expect(code).not.toBe(0);
  }
});

test('the pods of a Job take part until they have ended, which is said', async () => {
  const it = open();
  it.write('a', 'one');
  const untilDone = ['sh', '-c', 'mkdir -p /work; until [ -e /work/done ]; do sleep 0.2; done'];
  const container = { name: 'app', image: images.plain, command: untilDone };
  await eventually(() =>
    apply(contextA, it.namespace, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'batch' },
      spec: {
        parallelism: 2,
        completions: 2,
        template: {
          spec: { terminationGracePeriodSeconds: 0, restartPolicy: 'Never', containers: [container] },
        },
      },
    }),
  );
  const options = ['--name', 'batch', '-l', 'job-name=batch', '--pods', 'all'];
  await it.must('create', ...options, it.local, '/work');
  await it.watch('batch');
  const seen = await it.reaches('batch', 'watching', (now) => podsOf(now).length === 2);
  it.write('a', 'two');
  for (const pod of podsOf(seen))
    await eventually(async () => expect(await it.sh(pod, 'cat /work/a')).toBe('two'));
  await it.sh(writerOf(seen), 'echo -n result >/work/out');
  await eventually(() => expect(it.read('out')).toBe('result'));

  it.write('done', '');
  // A container that has ended may be about to start again, until its pod has ended as well.
  const ended = /pods with job-name=batch: none of 2 is ready; batch-\S+ .*(ended|Succeeded)/;
  await it.reaches(
    'batch',
    'waiting',
    (now) => podsOf(now).length === 0 && ended.test(now.state?.message ?? ''),
  );
  expect(it.read('out')).toBe('result');
});
