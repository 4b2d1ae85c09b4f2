/** `kubectl nsreplicate`: changes follow, drift is put right, and people hold, approve and retry from anywhere. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';
import type { Running } from './support/process.ts';

const many = (count: number, labels = {}) =>
  Array.from({ length: count }, (_, index) => configMap(`many-${index}`, { index: `${index}` }, { labels }));

describe('a watch', () => {
  let pair: Pair;
  let running: Running;

  beforeAll(async () => {
    pair = await Pair.open('watch');
    await pair.put(pair.from, configMap('first', { a: '1' }), secret('password', { value: 'x' }));
    running = await pair.watch();
  });
  afterAll(() => pair.close());

  const edit = (name: string, data: object) =>
    pair.to.patch(configMaps, { namespace: pair.namespace, name }, { data }, { type: 'merge' });
  const isGone = async (name: string) => expect(await pair.find(pair.to, 'configmaps', name)).toBeUndefined();

  test('copies what there was, then every change and deletion', async () => {
    await pair.equal();
    await pair.put(pair.from, configMap('second', { b: '1' }), configMap('first', { a: '2' }));
    await pair.equal();
    await pair.delete(pair.from, 'configmaps', 'second');
    await pair.equal();
  });

  test('the last of many changes arrives: A, B, A ends at A', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `flips-${index}`);
    for (const value of ['A', 'B', 'C', 'B', 'A', 'B', 'A'])
      await Promise.all(names.map((name) => pair.put(pair.from, configMap(name, { value }))));
    await pair.equal();
    for (let value = 0; value < 30; value++)
      await pair.put(pair.from, configMap('counts', { value: String(value) }));
    await pair.equal();
  });

  test('what is edited or deleted by hand on the replica is put right', async () => {
    await edit('first', { a: 'by hand' });
    await pair.equal();
    await pair.delete(pair.to, 'configmaps', 'first');
    await pair.equal();
    await eventually(async () =>
      expect((await pair.ask('jobs', '-o', 'json')).stdout).toContain('"name": "first"'),
    );
  });

  test('a second instance stands by, and --once is refused', async () => {
    const standby = pair.start();
    await standby.saw(`task ${pair.task} is at work elsewhere`);
    const refused = await pair.once();
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toContain(`task ${pair.task} is in use by`);
    running.child.kill('SIGKILL');
    await running.ended;
    await standby.saw('compared: ');
    await pair.put(pair.from, configMap('after-takeover', { a: '1' }));
    await pair.equal();
    running = standby;
  });

  test('is paused and resumed from elsewhere; a pause lasts beyond a restart', async () => {
    await pair.ask('pause');
    await running.saw('paused');
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(143);
    await pair.put(pair.from, configMap('while-paused', { a: '1' }));
    expect(await pair.once()).toMatchObject({ code: 3, stderr: expect.stringContaining('is paused') });
    running = pair.start();
    await running.saw('paused');
    await eventually(async () =>
      expect((await pair.ask('status')).stdout).toMatch(/: Paused, .*\n.*: 1 object behind/),
    );
    await eventually(async () =>
      expect((await pair.ask('jobs')).stdout).toMatch(/ while-paused +pending +\S+ +0 /),
    );
    await isGone('while-paused');
    await pair.ask('resume');
    await pair.equal();
  });

  test('too many deletions stop, also across a restart, until they are approved', async () => {
    await pair.put(pair.from, ...many(40));
    await pair.equal();
    await Promise.all(many(40).map(({ metadata: { name } }) => pair.delete(pair.from, 'configmaps', name)));
    await running.saw('deletions are stopped: ');
    running.child.kill('SIGTERM');
    await running.ended;
    running = await pair.watch();
    const left = async () =>
      Object.keys(await pair.content(pair.to)).filter((name) => name.includes('many-')).length;
    // What was allowed before it stopped may still be under way.
    const before = await eventually(async () => {
      const count = await left();
      const { stdout } = await pair.ask('status');
      expect(stdout).toMatch(/deletions are stopped: \d+ deletions in namespace \S+ within 10 minutes/);
      expect(stdout).toContain(`${count} failing, ${count} of them wait for \`approve\``);
      return count;
    });
    expect(before).toBeGreaterThan(10);
    // What is not a deletion goes on.
    await pair.put(pair.from, configMap('while-stopped', { a: '1' }));
    await eventually(() => pair.copyOf('configmaps', 'while-stopped'));
    expect(await left()).toBe(before);
    await pair.ask('approve');
    await pair.equal();
  });

  test('ends at once when it is told to, and its state says so', async () => {
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect((await pair.ask('status')).stdout).toContain(`Task ${pair.task}: Stopped`);
  });
});
