/** kubectl devsync with several containers in a pod, and with several processes on one workstation. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { forever, images, makePods, podOf, Workplace } from './support/devsync.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
afterEach(async () => {
  await work?.close();
  work = undefined;
});

const plain = (name: string, more: object = {}) => ({ name, image: images.plain, command: forever, ...more });

/** A directory of its own on the workstation. */
function directory(it: Workplace, name: string, files: Record<string, string> = {}): string {
  const path = join(it.base, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

test('the container is the annotated one, a native sidecar can be named, and all output says which it is', async () => {
  work = new Workplace(place());
  const pod = podOf('meshed', {
    containers: [plain('proxy'), plain('app')],
    initContainers: [plain('logger', { restartPolicy: 'Always' })],
  });
  const annotations = { 'kubectl.kubernetes.io/default-container': 'app' };
  await makePods(place().namespace, { ...pod, metadata: { ...pod.metadata, annotations } });
  await work.kubectl('wait', '--for=condition=Ready', 'pod/meshed', '--timeout=180s');
  work.write('a', 'here');
  expect(await work.must('create', '--name', 'meshed', '--pod', 'meshed', work.local, '/work')).toMatch(
    /with \/work in container app \(annotated as default of 3\)/,
  );
  const other = directory(work, 'other', { b: 'there' });
  await work.must('create', '--name', 'logs', '--pod', 'meshed', '-c', 'logger', other, '/srv');
  expect(await work.must('plan', '--pod', 'meshed', '-c', 'logger', other, '/srv')).toMatch(
    /^With container logger of pod meshed:\n→ b: /,
  );
  await work.watch();
  await work.reaches('meshed', 'watching');
  await work.reaches('logs', 'watching');
  const shown = async (container: string) =>
    (await work?.sh('meshed', 'ls /work /srv | grep -v :', container))?.trim();
  expect([await shown('app'), await shown('proxy'), await shown('logger')]).toEqual(['a', '', 'b']);
  expect(await work.must('get')).toMatch(/POD +CONTAINER.*meshed .* meshed +app.*logs .* meshed +logger/s);
  const wrong = await work.devsync('create', '--pod', 'meshed', '-c', 'none', work.local, '/tmp');
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/It has proxy, app, logger/)]);
});

test('run works beside a watch of its namespace', async () => {
  work = new Workplace(place());
  await work.pod('both', { containers: [plain('app')] });
  await work.must('create', '--name', 'both', '--pod', 'both', '--make-remote', work.local, '/work/one');
  await work.watch();
  await work.reaches('both', 'watching');
  for (let round = 0; round < 3; round++) {
    const name = `round${round}`;
    const there = `/work/${name}`;
    const local = directory(work, name, { file: name });
    const running = work.start('run', '--name', name, '--pod', 'both', '--make-remote', local, there);
    const isThere = async () => expect(await work?.sh('both', `cat ${there}/file`)).toBe(name);
    await Promise.race([
      eventually(isThere),
      running.ended.then(({ stderr }) => expect(stderr).toBe('it runs')),
    ]);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  }
  expect(await work.must('get', '-o', 'name')).not.toMatch(/round/);
  expect((await work.reaches('both', 'watching')).state?.phase).toBe('watching');
  // What a second watch could not run is not taken over for it either.
  const elsewhere = directory(work, 'elsewhere');
  const taken = await work.devsync('watch', 'both', '--take-over', elsewhere);
  expect([taken.code, taken.stderr]).toEqual([3, expect.stringMatching(/Nothing was taken over/)]);
  expect(JSON.parse(await work.must('get', 'both', '-o', 'json')).spec.local.path).toBe(work.local);
});

/** Whether a process is connected to another one of this machine, by more than its standard streams. */
function isAsking(pid: number | undefined): boolean {
  const connections = readFileSync('/proc/net/unix', 'utf8');
  const own = readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2);
  return own.some((fd) => {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
    return inode !== undefined && new RegExp(` ${inode}( |$)`, 'm').test(connections);
  });
}

test('a watch that was stopped is said not to answer, and asking it ends at the first signal', async () => {
  work = new Workplace(place());
  await work.pod('still', { containers: [plain('app')] });
  mkdirSync(join(work.local, '.git'));
  await work.must('create', '--name', 'still', '--pod', 'still', work.local, '/work');
  await work.watch();
  await work.reaches('still', 'watching');
  const watch = work.watchId as number;
  process.kill(watch, 'SIGSTOP');
  try {
    const seen = await work.must('get', '-o', 'wide');
    expect(seen).toMatch(/still .*not answering/);
    expect(seen).toMatch(new RegExp(`kill -CONT ${watch} wakes`));
    const flush = work.start('flush', 'still');
    await eventually(() => expect(isAsking(flush.child.pid)).toBe(true));
    flush.child.kill('SIGINT');
    expect((await flush.ended).code).toBe(130);
  } finally {
    process.kill(watch, 'SIGCONT');
  }
  await work.must('flush', 'still');
  // What nothing moves for is not called watching.
  work.write('.git/index.lock', '');
  const waits = await work.must('get', '-o', 'wide');
  expect(waits).toMatch(/still +\S* *waiting .*git is changing the files: it holds \S+\/\.git\/index\.lock/);
});

test('what cannot be read is counted by get and shown by plan; a directory comes back from the trash', async () => {
  work = new Workplace(place());
  const securityContext = { runAsUser: 1000 };
  const volumes = [{ name: 'data', emptyDir: {} }];
  const volumeMounts = [{ name: 'data', mountPath: '/work' }];
  await work.pod('open', { containers: [plain('app', { securityContext, volumeMounts })], volumes });
  await work.sh('open', 'mkdir -p /work/d/e; for n in 1 2 3; do echo $n > /work/d/e/$n; done');
  await work.sh('open', 'echo secret > /work/closed; chmod 0 /work/closed');
  const plan = await work.devsync('plan', '--pod', 'open', work.local, '/work');
  expect([plan.code, plan.stdout]).toEqual([
    5,
    expect.stringMatching(/✗ closed \(container\): permission denied/),
  ]);
  await work.must('create', '--name', 'open', '--pod', 'open', work.local, '/work');
  await work.watch();
  await work.reaches('open', 'watching');
  expect((await work.devsync('flush', 'open')).code).toBe(5);
  expect(await work.must('get', '-o', 'wide')).toMatch(/closed \(container\): permission denied/);
  rmSync(join(work.local, 'd'), { recursive: true });
  await work.devsync('flush', 'open');
  expect(await work.sh('open', 'ls /work')).toBe('closed\n');
  const restored = await work.must('restore', 'open', 'd');
  expect(restored).toBe('Restored 3 files of d.\n');
  await work.devsync('flush', 'open');
  expect([work.read('d/e/2'), await work.sh('open', 'cat /work/d/e/3')]).toEqual(['2\n', '3\n']);
});

test('a REMOTE that holds no files, or is one, is refused at once', async () => {
  work = new Workplace(place());
  await work.pod('odd', { containers: [plain('app')] });
  for (const command of ['plan', 'run'])
    for (const [remote, words] of [
      ['/proc', /REMOTE \/proc cannot be synced: it is on proc, which holds no files/],
      ['/etc/hostname', /REMOTE \/etc\/hostname is not a directory/],
    ] as const) {
      const { code, stderr } = await work.devsync(command, '--pod', 'odd', work.local, remote);
      expect([code, stderr]).toEqual([1, expect.stringMatching(words)]);
    }
});
