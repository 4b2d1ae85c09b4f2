/** What happens to a sync in its life: conflicts, brakes, a watch that is killed, and what is refused. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { rightsFor } from '../../plugins/devsync/control/rights.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, type Workplace } from './support/devsync.ts';
import { Person } from './support/limited.ts';
import { workplaces } from './support/workplaces.ts';

const { place, open } = workplaces();
const nobody = new Person();
afterEach(async () => {
  await nobody.forget();
});

const spec = { containers: [{ name: 'app', image: images.plain, command: forever }] };

async function synced(name: string, ...options: string[]): Promise<Workplace> {
  const work = open();
  await work.sync(name, { options });
  return work;
}

/** Somebody who may do what `init` asks for, and nothing else. */
async function asNobody(work: Workplace): Promise<void> {
  const needed = rightsFor(work.namespace, 'auto').map(({ verb, resource, subresource }) => ({
    apiGroups: [resource.group],
    resources: [[resource.plural, subresource].filter(Boolean).join('/')],
    verbs: [verb],
  }));
  await nobody.may(place().kube, needed);
  work.kubeconfig = nobody.kubeconfigFor(contextA, join(work.base, 'nobody.json'), contextA);
}

test('a conflict keeps both versions until it is resolved, and the loser can be restored', async () => {
  const work = open();
  await asNobody(work);
  await work.sync('conflict');
  expect(await work.must('init')).toMatch(/^agent image +note +.* was not tried: .*may not create pods/m);
  work.write('f', 'base');
  await work.must('flush', 'conflict');
  await work.must('pause', 'conflict');
  for (const name of ['f', 'g']) work.write(name, 'from here');
  await work.sh('conflict', 'printf "from there" | tee /work/f >/work/g; echo x >/work/there.log');
  // Rules hold for what comes along with them, and whoever waits for the sync does not notice that it begins anew.
  work.write('.devsyncignore', '*.log');
  work.write('here.log', 'x');
  const resumed = await work.devsync('resume', 'conflict');
  expect([resumed.code, resumed.stderr]).toEqual([5, expect.stringMatching(/f: both changed/)]);
  expect(existsSync(join(work.local, 'there.log'))).toBe(false);
  expect(await work.sh('conflict', 'ls -A /work')).toBe('.devsyncignore\nf\ng\nthere.log\n');
  expect((await work.devsync('conflicts', 'conflict')).stdout).toMatch(/^f +both changed/m);
  expect([work.read('f'), await work.sh('conflict', 'cat /work/f')]).toEqual(['from here', 'from there']);
  await work.must('resolve', 'conflict', 'f', '--use', 'local');
  expect(await work.sh('conflict', 'cat /work/f')).toBe('from here');
  expect(await work.must('resolve', 'conflict', '--all', '--use', 'container')).toBe('Resolved: g.\n');
  expect(work.read('g')).toBe('from there');
  const items = JSON.parse(await work.must('restore', 'conflict', '-o', 'json')) as {
    path: string;
    operation: string;
    side: string;
  }[];
  // What only the container had is on this workstation.
  expect(items).toContainEqual(
    expect.objectContaining({ path: 'f', side: 'local', operation: expect.stringMatching(/container$/) }),
  );
  const theirs = items.find(({ operation }) => operation.endsWith('container'))?.operation ?? '';
  await work.must('restore', 'conflict', 'f', '--operation', theirs);
  await work.must('flush', 'conflict');
  expect([work.read('f'), await work.sh('conflict', 'cat /work/f')]).toEqual(['from there', 'from there']);
});

test('a side that was emptied is held until a person confirms', async () => {
  const work = await synced('held');
  for (let index = 0; index < 20; index++) work.write(`d/${index}`, `${index}`);
  await work.must('flush', 'held');
  // At once: a part of it that is seen to go on the way is deleted here as well.
  await work.sh('held', 'mv /work/d /tmp/away-held');
  await work.reaches('held', 'held');
  expect(work.read('d/3')).toBe('3');
  const flushed = await work.devsync('flush', 'held');
  expect([flushed.code, flushed.stderr]).toEqual([
    3,
    expect.stringContaining('the directory is empty in the container'),
  ]);
  await work.must('resume', 'held', '--confirm');
  expect(existsSync(join(work.local, 'd'))).toBe(false);
  await work.must('restore', 'held', 'd/3');
  expect(work.read('d/3')).toBe('3');
});

test('killed with -9 and run again, it goes on where it was', async () => {
  const work = await synced('killed');
  work.write('a', 'before');
  await work.must('flush', 'killed');
  await work.stop('SIGKILL');
  work.write('a', 'while nobody watched');
  await work.sh('killed', 'printf there >/work/b; rm -f /work/none');
  await work.watch('killed');
  await work.reaches('killed', 'watching', ({ state }) => state?.files === 2);
  expect([work.read('b'), await work.sh('killed', 'cat /work/a')]).toEqual(['there', 'while nobody watched']);
  expect((await work.stop()).stderr).not.toContain('waiting for');
});

test('bad input is refused at once and leaves nothing behind', async () => {
  const work = open();
  await work.pod('bad', spec);
  const tries: [string[], number, RegExp][] = [
    [['create', '--pod', 'bad', join(work.base, 'missing'), '/work'], 2, /does not exist/],
    [['create', '--pod', 'bad', work.local, 'work'], 2, /absolute/],
    [['create', '--pod', 'bad', work.local, '/'], 2, /root of the container/],
    [['create', work.local, '/work'], 2, /--selector or --pod/],
    [['create', '--pod', 'bad', '-c', 'nobody', work.local, '/work'], 1, /no container nobody/],
    [['run', '--pod', 'bad', work.local, '/not/there'], 1, /does not exist in the container/],
    [['run', '--pod', 'bad', work.local, '/etc/passwd'], 1, /not a directory/],
    [['run', '--pod', 'missing', work.local, '/work'], 1, /no pod missing/],
  ];
  for (const [args, code, words] of tries) {
    const ended = await work.devsync(...args);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(words)]);
  }
  expect(await work.must('get', '-o', 'name')).not.toMatch(/bad|local/);
});
