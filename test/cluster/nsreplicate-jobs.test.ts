/** What a person is told of jobs and asks of a task: what was done, what fails, trying again, forgetting. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMaps, namespaces, secrets } from '../../src/kube/api/resources.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('jobs');
  await pair.put(
    pair.from,
    configMap('one', { a: '1' }),
    configMap('two', { a: '1' }),
    configMap('theirs', { a: '1' }),
    secret('s', { a: '1' }),
  );
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
  await pair.put(pair.to, configMap('theirs', { a: 'theirs' }));
  expect(await pair.once()).toMatchObject({ code: 5 });
});
afterAll(() => pair.close());

test('a replica with failures is not called up to date', async () => {
  const { stdout } = await pair.ask('status');
  expect(stdout).toContain(`${pair.replica}: up to date but for 1 object`);
});

test('jobs say what was done, and are chosen by kind, namespace, replica and number', async () => {
  expect((await pair.ask('jobs')).stdout).toMatch(/ ConfigMap +one +done +created /);
  const chosen = async (...flags: string[]) =>
    (JSON.parse((await pair.ask('jobs', ...flags, '-o', 'json')).stdout) as unknown[]).length;
  expect(await chosen('--kind', 'secret')).toBe(1);
  expect(await chosen('--replica', pair.replica, '-n', pair.namespace)).toBe(4);
  expect(await chosen('-n', 'other')).toBe(0);
  const few = await pair.ask('jobs', '--limit', '1');
  expect(few.stdout).toContain('theirs');
  expect(few).toMatchObject({ stderr: expect.stringContaining('3 more are kept: --limit 0 shows all') });
  expect(await pair.ask('jobs', '--replica', 'none')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('has no replica none'),
  });
});

test('only what fails is tried again, and what is asked for in vain is said', async () => {
  const retry = (...args: string[]) => pair.ask('retry', ...args);
  const one = ['ConfigMap', `${pair.namespace}/one`];
  expect(await retry(...one)).toMatchObject({ code: 1, stderr: expect.stringContaining('does not fail') });
  expect(await retry('--all', '--replica', 'none')).toMatchObject({ code: 2 });
  expect(await retry('--all')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 failed job will be tried again when it starts'),
  });
});

test('forgetting deletes what is kept and, where asked for, takes marks off; copies stay', async () => {
  await pair.put(pair.to, configMap('stranger', {}, { labels: { 'x8s.dev/replica-of': pair.task } }));
  expect(await pair.ask('forget')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  const { code, stdout, stderr } = await pair.ask('forget', '--yes', '--remove-marks');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/marks taken off \d+ objects\nTask \S+ is forgotten/);
  const labelSelector = `x8s.dev/task=${pair.task}`;
  for (const kind of [configMaps, secrets])
    expect((await pair.from.list(kind, { namespace: stateNamespace, labelSelector })).items).toEqual([]);
  const { metadata, ...rest } = await pair.copyOf('configmaps', 'one');
  expect(rest).toMatchObject({ data: { a: '1' } });
  expect(metadata.labels?.['x8s.dev/replica-of']).toBeUndefined();
  expect(metadata.annotations?.['x8s.dev/origin']).toBeUndefined();
  expect((await pair.copyOf('configmaps', 'stranger')).metadata.labels).toBeDefined();
  expect(await pair.ask('status')).toMatchObject({ code: 1, stderr: expect.stringContaining('no task') });
  expect((await pair.look('plan')).stdout).toContain('refused');
});
