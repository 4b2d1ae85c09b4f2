/** A container that writes files of its own some seconds after its start, each time that it starts. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { images, type Workplace } from './devsync.ts';

/** Clears a file away as it starts, copies its seed into /work six seconds later, and ends when it is told to. */
const program = `const fs = require('fs');
fs.mkdirSync('/work', { recursive: true });
fs.rmSync('/work/cleared', { force: true });
setTimeout(() => {
  for (const name of ['edited', 'deleted', 'left']) fs.writeFileSync('/work/' + name, 'seed');
  fs.writeFileSync('/tmp/seeded', '');
}, 6000);
setInterval(() => fs.existsSync('/tmp/stop') && process.exit(0), 200);`;

const containerId =
  'jsonpath={.status.containerStatuses[0].state.running}{.status.containerStatuses[0].containerID}';

/** Edits, deletions and what its start clears away stay as they are here, when it is started again. */
export async function expectKeptOverRestart(
  it: Workplace,
  name: string,
  { container = {}, pod = {} }: { container?: object; pod?: object } = {},
): Promise<void> {
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
}
