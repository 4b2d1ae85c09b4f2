/** More of what happens to a sync in its life: many edits before a roll, restarts, lost agents, second watches, other workstations. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, type Workplace } from './support/devsync.ts';
import { killAgents } from './support/devsync-sides.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

const spec = { containers: [{ name: 'app', image: images.plain, command: forever }] };

async function synced(name: string, ...options: string[]): Promise<Workplace> {
  const work = open();
  await work.sync(name, { options });
  return work;
}

test('300 edits and 50 deletions, then a roll: no conflict, and all in the new pod', async () => {
  const work = open();
  const make = 'mkdir /work; for i in $(seq 400); do echo "image $i" >/work/f$i; done; exec sleep infinity';
  const container = { name: 'app', image: images.plain, command: ['sh', '-c', make] };
  await apply(contextA, work.namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'rolled' },
    spec: {
      selector: { matchLabels: { app: 'rolled' } },
      template: {
        metadata: { labels: { app: 'rolled' } },
        spec: { terminationGracePeriodSeconds: 0, containers: [container] },
      },
    },
  });
  await work.kubectl('rollout', 'status', 'deployment/rolled', '--timeout=180s');
  await work.must('create', '--name', 'rolled', '-l', 'app=rolled', work.local, '/work');
  await work.watch('rolled');
  const { state: first } = await work.reaches('rolled', 'watching', ({ state }) => state?.files === 400);
  for (let index = 1; index <= 300; index++) work.write(`f${index}`, `edited ${index}`);
  for (let index = 301; index <= 350; index++) rmSync(join(work.local, `f${index}`));
  await work.must('flush', 'rolled');
  await work.kubectl('rollout', 'restart', 'deployment/rolled');
  await work.kubectl('rollout', 'status', 'deployment/rolled', '--timeout=180s');
  const { state } = await work.reaches('rolled', 'watching', (seen) => seen.state?.pod !== first?.pod);
  await work.must('flush', 'rolled');
  expect(state?.conflicts).toEqual([]);
  expect(await work.sh(state?.pod ?? '', 'grep -l edited /work/f* | wc -l')).toBe('300\n');
  expect(await work.sh(state?.pod ?? '', 'ls /work | wc -l')).toBe('350\n');
  expect(readdirSync(work.local).length).toBe(350);
});

test('a flush right after its agent was killed waits for the next one', async () => {
  const work = await synced('lost');
  work.write('a', 'x');
  await work.must('flush', 'lost');
  await killAgents(work, 'lost');
  work.write('a', 'right after');
  await work.must('flush', 'lost');
  expect(await work.sh('lost', 'cat /work/a')).toBe('right after');
  // An agent that is lost leaves its container behind, which is used again.
  const names = await work.kubectl(
    'get',
    'pod',
    work.podOf('lost'),
    '-o',
    'jsonpath={..ephemeralContainers[*].name}',
  );
  expect(names.split(' ').length).toBe(1);
});

test('one watch a cluster: a second one is refused and takes nothing from the first', async () => {
  const work = await synced('once');
  for (const more of [[], ['--background']]) {
    const second = await work.devsync('watch', ...more);
    expect([second.code, second.stderr]).toEqual([
      3,
      expect.stringMatching(/runs on this workstation already/),
    ]);
    expect(second.stderr).toMatch(/hint: kubectl devsync watch stop ends it/);
  }
  work.write('a', 'x');
  await work.must('flush', 'once');
  expect(await work.must('watch', 'stop')).toMatch(/^Stopped/);
  expect((await work.stop()).code).toBe(0);
  expect(await work.must('stop')).toMatch(/No watch of .* was running/);
  work.write('a', 'second');
  expect(await work.must('watch', '--background')).toMatch(/^Watching \(process \d+\)/);
  try {
    // At once, as a script would.
    await work.must('flush', 'once');
    await work.sh('once', 'printf third >/work/a');
    await work.must('flush', 'once');
  } finally {
    expect(await work.must('watch', 'stop')).toMatch(/^Stopped/);
  }
  // The trash of this side needs nobody.
  const listed = await work.devsync('restore', 'once');
  expect([listed.stdout, listed.stderr]).toEqual([
    expect.stringMatching(/local +6 B +a$/m),
    expect.stringMatching(/does not run/),
  ]);
  await work.must('restore', 'once', 'a');
  expect(work.read('a')).toBe('second');
});

test('belongs to one workstation, until another one takes it over', async () => {
  const work = await synced('owned');
  work.write('a', 'x');
  await work.must('flush', 'owned');
  const other = open();
  expect((await other.devsync('flush', 'owned')).code).toBe(1);
  expect((await other.devsync('get', 'owned')).stdout).toMatch(/held by/);
  const twice = await work.devsync(
    'create',
    '--name',
    'owned',
    '--pod',
    work.podOf('owned'),
    other.local,
    '/elsewhere',
  );
  expect([twice.code, twice.stderr]).toEqual([3, expect.stringContaining('already')]);
  await work.stop();
  await other.watch('owned', '--take-over', other.local);
  await other.reaches('owned', 'watching');
  expect([other.read('a'), work.read('a')]).toEqual(['x', 'x']);
  // Another directory in its place is none that was taken over, and whoever asks is told.
  await other.stop();
  rmSync(other.local, { recursive: true });
  mkdirSync(other.local);
  await other.watch('owned');
  const words = /is not the directory that the sync owned was made with/;
  await eventually(async () => expect(await other.must('logs', 'owned')).toMatch(words));
  expect(await other.must('get', '-o', 'wide')).toMatch(
    new RegExp(`^owned .* refused .*${words.source}`, 'm'),
  );
  const flushed = await other.devsync('flush', 'owned');
  expect([flushed.code, flushed.stderr]).toEqual([3, expect.stringMatching(words)]);
  expect(flushed.stderr).toMatch(/hint: kubectl devsync watch owned --take-over/);
  const asked = await other.devsync('doctor', 'owned', '-o', 'json');
  expect([asked.code, JSON.parse(asked.stdout)]).toEqual([
    1,
    expect.arrayContaining([{ check: 'LOCAL', verdict: 'failed', message: expect.stringMatching(words) }]),
  ]);
});

test('clean leaves nothing but what stays until the pod goes', async () => {
  const work = await synced('cleaned');
  const plan = (remote: string, ...more: string[]) =>
    work.must('plan', '--pod', work.podOf('cleaned'), ...more, work.local, remote);
  for (let index = 0; index < 20; index++) work.write(`${index}/large`, `${index}`.repeat(1 << 20));
  // Whoever only looks takes nothing from the sync that is under way.
  await Promise.all([plan('/work'), work.must('flush', 'cleaned')]);
  expect(await work.sh('cleaned', 'cat /work/7/large | wc -c')).toBe(`${1 << 20}\n`);
  for (let index = 0; index < 20; index++) rmSync(join(work.local, `${index}`), { recursive: true });
  work.write('a', 'x');
  await work.devsync('resume', 'cleaned', '--confirm');
  const { stdout } = await work.devsync('clean', 'cleaned', '--yes');
  expect(stdout).toMatch(/devsync-agent-\w+.* stay in pod shared until it goes/);
  expect(await work.sh('cleaned', 'ls -A /work')).toBe('a\n');
  expect(readdirSync(work.local)).toEqual(['a']);
  expect(await work.must('get', '-o', 'name')).not.toMatch(/cleaned/);
  const there = `With container app of pod ${work.podOf('cleaned')}:\n`;
  expect(await plan('/work')).toBe(`${there}Both sides are the same.\n`);
  expect(await plan('/srv/made', '--make-remote')).toBe(
    `${there}/srv/made is missing in the container and would be made.\n→ a: nothing becomes a file of 1 bytes (2d711642) (created)\n`,
  );
  expect(await work.sh('cleaned', 'ls -A /work /srv')).toBe('/srv:\n\n/work:\na\n');
  expect(readdirSync(work.local)).toEqual(['a']);
});

test('a container that restarts is followed', async () => {
  const work = open();
  await work.sync('restarted', { pod: spec });
  work.write('a', 'x');
  await work.must('flush', 'restarted');
  await work.sh('restarted', 'kill 1').catch(() => '');
  await work.sh('restarted', 'kill -9 -1').catch(() => '');
  await work.kubectl('delete', 'pod', 'restarted', '--now');
  await work.reaches('restarted', 'waiting');
  await work.pod('restarted', spec);
  await work.reaches('restarted', 'watching');
  await work.must('flush', 'restarted');
  expect(await work.sh('restarted', 'cat /work/a')).toBe('x');
});

test('run syncs for the lifetime of a pod, and leaves no specification', async () => {
  const work = open();
  await work.pod('short', spec);
  work.write('a', 'x');
  const running = work.start('run', '--pod', 'short', '--name', 'short', work.local, '/work');
  await running.saw('attached');
  await work.must('flush', 'short');
  expect(await work.sh('short', 'cat /work/a')).toBe('x');
  await work.kubectl('delete', 'pod', 'short', '--now');
  expect((await running.ended).code).toBe(0);
  expect(await work.must('get', '-o', 'name')).not.toMatch(/^short$/m);
});
