/** What is refused, what runs out, and what a new pod means. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA, isLab } from './support/contexts.ts';
import { forever, images, type Workplace } from './support/devsync.ts';
import { expectSame } from './support/devsync-sides.ts';
import { NetworkMount } from './support/network-mount.ts';
import { must } from './support/process.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

const app = { name: 'app', image: images.plain, command: forever };

async function synced(name: string, pod: object | undefined, ...options: string[]): Promise<Workplace> {
  const work = open();
  await work.sync(name, { ...(pod && { pod }), options });
  return work;
}

test('a full disk stops what does not fit and nothing else, and is over when there is room', async () => {
  const container = { ...app, volumeMounts: [{ name: 'small', mountPath: '/work' }] };
  const volumes = [{ name: 'small', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } }];
  const work = await synced('full', { containers: [container], volumes });
  work.write('kept', 'as it was');
  await work.must('flush', 'full');
  // At once: a half of it that is seen on the way would fit.
  writeFileSync(`${work.local}.new`, 'k'.repeat(12 << 20));
  renameSync(`${work.local}.new`, join(work.local, 'kept'));
  const full = await work.devsync('flush', 'full');
  expect(full.code).toBe(5);
  const { state } = await work.reaches('full', 'watching', (seen) => (seen.state?.problems.length ?? 0) > 0);
  expect(state?.problems).toEqual([
    expect.objectContaining({ path: 'kept', problem: expect.stringMatching(/no space/i) }),
  ]);
  // What was there is as it was, and what fits goes on.
  expect(await work.sh('full', 'head -c 99 /work/kept')).toBe('as it was');
  work.write('small', 'fits');
  await work.devsync('flush', 'full');
  expect(await work.sh('full', 'cat /work/small')).toBe('fits');
  // The container itself fills it: what it has comes here all the same.
  work.write('kept', 'short again');
  await work.sh('full', 'head -c 9M /dev/zero >/work/zero; true');
  await work.devsync('flush', 'full');
  expect((await work.sh('full', 'stat -c %s /work/zero')).trim()).toBe(`${work.read('zero').length}`);
  await work.sh('full', 'rm /work/zero');
  await work.reaches('full', 'watching', (seen) => seen.state?.problems.length === 0);
  await work.must('flush', 'full');
  await expectSame(work, 'full');
});

/** The limit holds for a user namespace, so one program alone can be given few watches. */
const watchesFile = '/proc/sys/user/max_inotify_watches';
const fewWatches = ['unshare', '-Ur', 'sh', '-c', `echo 6 >${watchesFile}; exec "$0" "$@"`];

// The pod's volume is a directory of this machine, which only the lab's nodes share.
(isLab ? test : test.skip)(
  'where changes are not told of they are looked for, on either side, and that is said for as long as it is so',
  async () => {
    const work = open();
    const there = await NetworkMount.below(join(work.base, 'there'));
    const here = await NetworkMount.below(join(work.base, 'here'));
    try {
      const container = { ...app, volumeMounts: [{ name: 'far', mountPath: '/far' }] };
      const volumes = [{ name: 'far', hostPath: { path: there.path } }];
      await work.pod('polled', { containers: [container], volumes });
      // More directories than can be watched.
      for (let index = 0; index < 10; index++) work.write(`d${index}/a`, 'x');
      await work.must('create', '--name', 'few', '--pod', 'polled', work.local, '/far');
      await work.must('create', '--name', 'far', '--pod', 'polled', here.path, '/work');
      work.under = fewWatches;
      await work.watch();
      const limited = expect.stringMatching(/^this workstation, as the limit of watched.*max_user_watches/);
      const why = 'FUSE does not tell of changes made elsewhere';
      const networked = `the container, as ${why}`;
      const [few] = await Promise.all([work.reaches('few', 'watching'), work.reaches('far', 'watching')]);
      expect(few.state?.degraded).toEqual([limited, networked]);
      expect((await work.reaches('far', 'watching')).state?.degraded[0]).toMatch(why);
      const words =
        /^few .* watching \(degraded\) .*limit of watched directories.*; the container, as FUSE does not tell/m;
      expect(await work.must('get', '-o', 'wide')).toMatch(words);
      for (let index = 0; index < 10; index++) work.write(`d${index}/new`, 'from here');
      writeFileSync(join(there.elsewhere, 'd3', 'told-by-nobody'), 'from afar');
      writeFileSync(join(here.elsewhere, 'told-by-nobody'), 'from afar');
      await eventually(async () => {
        expect(
          await work.sh('polled', 'cat /far/d*/new | grep -o here | wc -l; cat /work/told-by-nobody'),
        ).toBe('10\nfrom afar');
        expect(work.read('d3/told-by-nobody')).toBe('from afar');
      });
      // With room for all of them only the mount is left to be polled.
      await must('nsenter', ['-U', '-t', `${work.watchId}`, 'sh', '-c', `echo 1000 >${watchesFile}`]);
      const { state } = await work.reaches('few', 'watching', (seen) => seen.state?.degraded.length === 1);
      expect(state?.degraded).toEqual([networked]);
      await work.reaches(
        'far',
        'watching',
        (seen) => seen.state?.degraded.join() === `this workstation, as ${why}`,
      );
    } finally {
      await work.stop();
      await work.kubectl('delete', 'pod', 'polled', '--now');
      await Promise.all([here.close(), there.close()]);
    }
  },
);

test('directories that overlap are refused, here and there', async () => {
  const work = open();
  await work.pod('overlap', { containers: [app] });
  for (const folder of ['src/app', 'docs']) work.write(`${folder}/x`, 'x');
  const create = (name: string, local: string, remote: string, ...more: string[]) =>
    work.devsync('create', '--name', name, '--pod', 'overlap', ...more, join(work.local, local), remote);
  expect((await create('one', 'src', '/work/src')).code).toBe(0);
  const tries = [
    ['same', 'src', '/elsewhere', /overlaps with/],
    ['inner', 'src/app', '/elsewhere', /overlaps with/],
    ['outer', '.', '/elsewhere', /overlaps with/],
    ['there', 'docs', '/work/src', /overlaps with/],
    ['there-inner', 'docs', '/work/src/x', /overlaps with/],
    ['there-outer', 'docs', '/work', /overlaps with/],
    ['one', 'docs', '/docs', /already/],
  ] as const;
  for (const [name, local, remote, words] of tries) {
    const { code, stderr } = await create(name, local, remote);
    expect([name, code, stderr]).toEqual([name, 3, expect.stringMatching(words)]);
    expect(stderr).toMatch(/hint:/);
  }
  expect((await create('beside', 'docs', '/work/srcs')).code).toBe(0);
  expect((await create('again', 'src/app', '/elsewhere', '--allow-overlap')).code).toBe(0);
  // Another workstation may delete it: then it is in nobody's way.
  await work.kubectl('delete', 'configmap', 'devsync-one-container', 'devsync-again-container');
  expect((await create('over', 'src', '/elsewhere/too')).code).toBe(0);
  // One that somebody has spoilt is shown among the others.
  await work.kubectl('patch', 'configmap', 'devsync-beside-container', '-p', '{"data":{"spec":"{}"}}');
  const names = (await work.must('get', '-o', 'name')).split('\n');
  expect(names).toEqual(expect.arrayContaining(['beside', 'over']));
  expect(names.join()).not.toMatch(/again|one|same|inner|outer|there/);
});

test('a container that changed its user without exec: doctor says why it is closed', async () => {
  const work = open();
  const command = ['perl', '-e', '$) = $( = 1000; $< = $> = 1000; sleep 1e9'];
  await work.pod('changed', { containers: [{ ...app, command }] });
  const { code, stdout } = await work.devsync('doctor', '--pod', 'changed', '-o', 'json');
  expect(code).toBe(1);
  const agent = (JSON.parse(stdout) as { check: string; message: string }[]).find(
    ({ check }) => check === 'agent',
  );
  expect(agent?.message).toMatch(/no node in the container/);
  expect(agent?.message).toMatch(
    /the root of process \d+, which runs as 1000:1000.* is closed to 1000:1000: EACCES/,
  );
});

test("a new container's own files are conflicts, or give way by --on-new-pod local", async () => {
  const command = ['sh', '-c', 'mkdir /work; echo image >/work/a; date +%s%N >/work/b; exec sleep infinity'];
  const spec = { containers: [{ ...app, command }] };
  const goesThrough = async (name: string, ...options: string[]) => {
    const work = await synced(name, spec, ...options);
    const first = work.read('b');
    work.write('a', 'mine');
    work.write('b', `${first} and mine`);
    await work.must('flush', name);
    await work.kubectl('delete', 'pod', name, '--now');
    await work.reaches(name, 'waiting');
    await work.pod(name, spec);
    await work.reaches(name, 'watching');
    const { code } = await work.devsync('flush', name);
    const { state } = await work.reaches(name, 'watching');
    // What is as the image made it takes the local state in any case.
    expect(await work.sh(name, 'cat /work/a')).toBe('mine');
    expect([work.read('b'), work.read('a')]).toEqual([`${first} and mine`, 'mine']);
    if (options.length === 0) {
      expect([code, state?.conflicts.map(({ path }) => path)]).toEqual([5, ['b']]);
      expect(await work.sh(name, 'cat /work/b')).not.toContain('mine');
    } else {
      expect([code, await work.sh(name, 'cat /work/b')]).toEqual([0, `${first} and mine`]);
      // The version that lost is in the trash on this workstation.
      const trash = JSON.parse(await work.must('restore', name, '-o', 'json')) as {
        path: string;
        side: string;
      }[];
      expect(trash).toContainEqual(expect.objectContaining({ path: 'b', side: 'local' }));
    }
  };
  await Promise.all([goesThrough('anew'), goesThrough('anew-local', '--on-new-pod', 'local')]);
});

test('a cluster that refuses connections is named, with exit code 4', async () => {
  const work = open();
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': contextA,
    clusters: [{ name: 'far', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [{ name: contextA, context: { cluster: 'far', user: 'far' } }],
    users: [{ name: 'far', user: { token: 'x' } }],
  };
  work.write('../far.json', JSON.stringify(kubeconfig));
  const args = ['--kubeconfig', join(work.base, 'far.json')];
  const { code, stderr } = await work.devsync('create', '--pod', 'p', work.local, '/work', ...args);
  expect([code, stderr]).toEqual([4, expect.stringMatching(/127\.0\.0\.1:1.*refused/)]);
});

test('an operation larger than the trash waits for a person', async () => {
  const work = await synced('trash', undefined, '--trash-limit', '4');
  for (const name of ['a', 'b', 'c', 'd']) work.write(name, name.repeat(1 << 20));
  await work.must('flush', 'trash');
  for (const name of ['a', 'b', 'c']) work.write(name, `${name} short`);
  const held = await work.devsync('flush', 'trash');
  expect([held.code, held.stderr]).toEqual([3, expect.stringMatching(/trash holds/)]);
  expect(await work.sh('trash', 'stat -c %s /work/a')).toBe(`${1 << 20}\n`);
  await work.must('resume', 'trash', '--confirm');
  expect(await work.sh('trash', 'cat /work/a')).toBe('a short');
});
