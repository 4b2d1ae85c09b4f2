/** A program that watches a directory in a container of a cluster, by each way into it: one save is one reload. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { contextA } from '../../cluster/support/contexts.ts';
import { images, nodeForever, Workplace } from '../../cluster/support/devsync.ts';
import { app } from '../../cluster/support/devsync-kinds.ts';
import { environment, kubectlBinary } from '../../cluster/support/kubectl.ts';
import { inNamespace } from '../../cluster/support/namespace.ts';
import { noAgents, uninstall } from '../../cluster/support/node-agents.ts';
import { type Running, start } from '../../cluster/support/process.ts';
import { ensureUp } from '../../lab/index.ts';
import { npmPackages } from '../support/npm-packages.ts';

jest.setTimeout(300_000);

let modules: string;
beforeAll(async () => {
  await ensureUp();
  modules = await npmPackages({ chokidar: '3.6.0' });
}, 300_000);
const place = inNamespace('A');
beforeAll(async () => {
  await noAgents(place().kube);
  await new Workplace(place()).must('init', '--node-agent');
}, 240_000);
afterAll(uninstall, 120_000);

let work: Workplace;
let watcher: Running | undefined;
beforeEach(() => {
  work = new Workplace(place());
});
afterEach(async () => {
  watcher?.child.kill('SIGKILL');
  await work.close();
});

/** Milliseconds in which a second reload of one save would come. */
const calm = 700;
const saves = Array.from({ length: 20 }, (_, index) => `save ${index}`);
const program = `const { readFileSync } = require('node:fs');
require('chokidar').watch('/work/src').on('ready', () => console.log('ready'))
  .on('change', (path) => console.log(readFileSync(path, 'utf8')));`;

test.each(['exec', 'ephemeral', 'node-agent'])('by %s, chokidar 3 is told once of each save', async (way) => {
  work.write('watch.cjs', program);
  work.write('src/file', 'first');
  cpSync(modules, join(work.local, 'node_modules'), { recursive: true });
  const pod = {
    containers: [app(images.node, nodeForever, { volumeMounts: [{ name: 'work', mountPath: '/work' }] })],
    volumes: [{ name: 'work', emptyDir: {} }],
  };
  await work.sync(way, { pod, options: ['--launcher', way] });
  const there = ['--context', contextA, '-n', work.namespace, 'exec', way, '-c', 'app', '--'];
  watcher = start(kubectlBinary, [...there, 'node', '/work/watch.cjs'], { env: environment });
  const { output, saw } = watcher;
  await saw(/^ready$/m);
  for (const text of saves) {
    work.write('src/file', text);
    await saw(new RegExp(`^${text}$`, 'm'));
    await setTimeout(calm);
  }
  expect(output.stdout.trim().split('\n')).toEqual(['ready', ...saves]);
});
