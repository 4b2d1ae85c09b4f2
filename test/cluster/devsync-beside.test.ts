/** kubectl devsync with several containers in a pod, and with several processes on one workstation. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { forever, images, makePods, podOf, Workplace } from './support/devsync.ts';
import { eventually } from './support/eventually.ts';
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
  await work.kubectl('wait', '--for=condition=Ready', 'pod/meshed', '--timeout=60s');
  work.write('a', 'here');
  expect(await work.must('create', '--name', 'meshed', '--pod', 'meshed', work.local, '/work')).toMatch(
    /with \/work in container app \(annotated as default of 3\)/,
  );
  const other = directory(work, 'other', { b: 'there' });
  await work.must('create', '--name', 'logs', '--pod', 'meshed', '-c', 'logger', other, '/work');
  expect(await work.must('plan', '--pod', 'meshed', '-c', 'logger', other, '/work')).toMatch(
    /^With container logger of pod meshed:\n→ b: /,
  );
  await work.watch();
  await work.reaches('meshed', 'watching');
  await work.reaches('logs', 'watching');
  const shown = async (container: string) => (await work?.sh('meshed', 'ls /work', container))?.trim();
  expect([await shown('app'), await shown('proxy'), await shown('logger')]).toEqual(['a', '', 'b']);
  expect(await work.must('get')).toMatch(/POD +CONTAINER.*logs .* meshed +logger.*meshed .* meshed +app/s);
  const wrong = await work.devsync('create', '--pod', 'meshed', '-c', 'none', work.local, '/tmp');
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/It has proxy, app, logger/)]);
}, 120_000);

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
}, 120_000);
