/** What public reports of other tools tell of, tried on real containers: docs/tried/devsync.md. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { forever, images } from './support/devsync.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('a home directory: what the workstation keeps of its syncs in it goes nowhere', async () => {
  const it = open();
  it.write('a', 'one');
  mkdirSync(join(it.base, 'state'), { recursive: true });
  await it.pod('home', { containers: [{ name: 'app', image: images.plain, command: forever }] });
  // LOCAL is around the state folder.
  await it.must('create', '--name', 'home', '--pod', 'home', it.base, '/work');
  await it.watch('home');
  await it.reaches('home', 'watching');
  expect(await it.must('flush', 'home')).toMatch(/^Both sides are the same/);
  expect(await it.sh('home', 'cd /work && find . -type f')).toBe('./local/a\n');
  // What the container writes under that name does not come here, where it would be believed.
  await it.sh('home', 'mkdir -p /work/state/devsync && echo forged >/work/state/devsync/workstation-id');
  it.write('a', 'two');
  expect(await it.must('flush', 'home')).toMatch(/^Both sides are the same/);
  expect(await it.sh('home', 'cat /work/local/a')).toBe('two');
  expect(it.read('../state/devsync/workstation-id')).toMatch(/^[0-9a-f-]{36}\n$/);
});

test('what the image alone has outlives a restart where nothing of it is to come here', async () => {
  const it = open();
  it.write('app.js', 'mine');
  const program = `mkdir -p /work/lib; echo image >/work/lib/only; echo image >/work/app.js
    trap 'exit 0' TERM; sleep infinity & wait`;
  const containers = [{ name: 'app', image: images.plain, command: ['sh', '-c', program] }];
  await it.sync('oneway', { pod: { containers }, options: ['--mode', 'one-way-safe', '--from', 'local'] });
  await it.must('resolve', 'oneway', '--all', '--use', 'local');
  const content = () => it.sh('oneway', 'cat /work/lib/only /work/app.js');
  expect(await content()).toBe('image\nmine');
  const restarts = () => it.kubectl('get', 'pod', 'oneway', '-o', 'jsonpath={..restartCount}{..running}');
  // The container's end may take this very shell along.
  await it.sh('oneway', 'kill -TERM 1').catch(() => '');
  await eventually(async () => expect(await restarts()).toMatch(/^1.*startedAt/));
  // Only the next container has the image's again.
  await eventually(async () => expect(await content()).toBe('image\nmine'));
  expect(await it.must('flush', 'oneway')).toMatch(/^Both sides are the same/);
  expect(await content()).toBe('image\nmine');
});
