/** What a watch prints as JSON, and a task that a newer version has run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMaps } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('terminal');
  await pair.put(pair.from, configMap('mine', { color: 'red' }));
  await pair.copy();
});
afterAll(() => pair.close());

test('every line of watch -o json is the view of the task', async () => {
  const running = pair.start('-o', 'json');
  // Behind the last end of a line there may be the half of one.
  const lines = () => running.output.stdout.split('\n').slice(0, -1);
  await eventually(() => expect(lines().length).toBeGreaterThan(0));
  await pair.put(pair.from, configMap('three', { a: '1' }));
  await eventually(() => expect(lines().length).toBeGreaterThan(1));
  for (const line of lines()) expect(JSON.parse(line)).toMatchObject({ task: pair.task, replicas: [{}] });
  const { stderr } = await pair.ask('forget', '--yes');
  expect(stderr).toContain('is in use');
  await eventually(() => pair.copyOf('configmaps', 'three'));
  await pair.put(pair.from, configMap('four', { a: '1' }));
  await eventually(() => pair.copyOf('configmaps', 'four'));
  running.child.kill('SIGTERM');
  await running.ended;
  const done = JSON.parse((await pair.ask('jobs', '--state', 'done', '-o', 'json')).stdout);
  expect(done.slice(0, 2).map(({ name }: { name: string }) => name)).toEqual(['four', 'three']);
  expect(running.output.stderr).not.toContain("can't be written");
});

test('a task that a newer version has run is refused by all that would read or write its state; its copies stay', async () => {
  await pair.copy('--adopt');
  const state = { name: `nsreplicate-${pair.task}-state`, namespace: stateNamespace };
  const mark = (schema: string) =>
    pair.from.patch(
      configMaps,
      state,
      { metadata: { annotations: { 'x8s.dev/schema': schema } } },
      { type: 'merge' },
    );
  const { metadata } = await pair.from.get(configMaps, state);
  const before = metadata.annotations?.['x8s.dev/schema'] ?? '';
  const { metadata: marked } = await mark(String(Number(before) + 1));
  await pair.put(pair.from, configMap('mine', { color: 'green' }));
  const refused = { code: 3, stderr: expect.stringContaining('was run by a newer version of this plugin') };
  for (const ended of [
    await pair.once(),
    await pair.look('plan'),
    await pair.ask('status'),
    await pair.ask('jobs'),
    await pair.ask('pause'),
    await pair.ask('retry', '--all'),
  ])
    expect(ended).toMatchObject(refused);
  expect(await pair.copyOf('configmaps', 'mine')).toMatchObject({ data: { color: 'red' } });
  expect((await pair.from.get(configMaps, state)).metadata.resourceVersion).toBe(marked.resourceVersion);
  await mark(before);
  await pair.copy();
  await pair.equal();
});
