/** Containers that write files of their own some seconds after their start, each time that they start. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { images, Workplace } from './support/devsync.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
afterEach(async () => {
  await work?.close();
  work = undefined;
});

/** Clears a file away as it starts, copies its seed into /work six seconds later, and ends when it is told to. */
const program = `const fs = require('fs');
fs.mkdirSync('/work', { recursive: true });
fs.rmSync('/work/cleared', { force: true });
setTimeout(() => {
  for (const name of ['edited', 'deleted', 'left']) fs.writeFileSync('/work/' + name, 'seed');
  fs.writeFileSync('/tmp/seeded', '');
}, 6000);
setInterval(() => fs.existsSync('/tmp/stop') && process.exit(0), 200);`;

const volume = { volumes: [{ name: 'data', emptyDir: {} }] };
const mount = { volumeMounts: [{ name: 'data', mountPath: '/work' }] };

test.each([
  ['in its own layer', 'layer', {}, {}],
  ['on a volume', 'volume', mount, volume],
] as const)('edits and deletions outlive a restart, %s', async (_, name, container, pod) => {
  work = new Workplace(place());
  const it = work;
  // It makes a directory at the top of its own layer, which the image's user may not.
  const securityContext = { runAsUser: 0 };
  const command = ['node', '-e', program];
  const app = { name: 'app', image: images.node, command, securityContext, ...container };
  await it.sync(name, { pod: { containers: [app], ...pod }, options: ['--make-remote'] });
  const node = (code: string) => it.kubectl('exec', name, '--', 'node', '-e', code);
  const isSeeded = async () => {
    await eventually(() => node(`if (!fs.existsSync('/tmp/seeded')) process.exit(1)`));
    await it.must('flush', name);
  };
  await isSeeded();
  expect(['edited', 'deleted', 'left'].map((file) => it.read(file))).toEqual(['seed', 'seed', 'seed']);
  it.write('edited', 'mine');
  it.write('cleared', 'mine');
  rmSync(join(it.local, 'deleted'));
  await it.must('flush', name);
  const before = await it.kubectl('get', 'pod', name, '-o', containerId);
  await node(`fs.writeFileSync('/tmp/stop', '')`);
  await eventually(async () => {
    const id = await it.kubectl('get', 'pod', name, '-o', containerId);
    if (id === before || !id.includes('startedAt')) throw new Error('it has not been started again yet');
  });
  await it.reaches(name, 'watching');
  await isSeeded();
  expect(it.read('edited')).toBe('mine');
  expect(existsSync(join(it.local, 'deleted'))).toBe(false);
  expect(it.read('cleared')).toBe('mine');
  const list = `console.log(fs.readdirSync('/work').filter((name) => !name.startsWith('.')).join(), fs.readFileSync('/work/edited', 'utf8'))`;
  expect(await node(list)).toBe('cleared,edited,left mine\n');
  expect((await it.reaches(name, 'watching')).state?.conflicts).toEqual([]);
});

const containerId =
  'jsonpath={.status.containerStatuses[0].state.running}{.status.containerStatuses[0].containerID}';
