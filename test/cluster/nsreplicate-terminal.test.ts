/** What a person asks of a task in a terminal about one object, before and after it was copied. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { plugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('terminal');
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
  await pair.put(pair.from, configMap('mine', { color: 'red' }), secret('s', { password: 'very-secret' }));
  await pair.put(pair.to, configMap('mine', { color: 'theirs' }));
});
afterAll(() => pair.close());

const get = (...args: string[]) => plugin('nsreplicate', ['get', ...pair.flags, ...args]);

test('get tells of one object the rule, the decision and why, who wrote it, and what fails', async () => {
  const object = `${pair.namespace}/mine`;
  const before = await get('ConfigMap', object);
  expect(before).toMatchObject({ code: 0, stdout: expect.stringContaining('copied by the rule ConfigMap') });
  expect(before.stdout).toContain(`${pair.replica}: refuse: it is there and was not made by this tool`);
  expect(before.stdout).toContain('fields of a-person (applied): data.color');
  expect(await pair.once()).toMatchObject({ code: 5 });
  expect((await get('cm/mine', '-n', pair.namespace)).stdout).toMatch(
    /(fails|parked) after 1 attempt.*not-ours/,
  );
  await pair.copy('--adopt');
  const { replicas } = JSON.parse((await get('cm', object, '-o', 'json')).stdout);
  expect(replicas).toMatchObject([
    {
      outcome: 'same',
      provenance: { origin: { task: pair.task } },
      job: { state: 'done', did: 'adopted' },
      owners: expect.arrayContaining([expect.objectContaining({ ours: true })]),
    },
  ]);
  const { wanted, applied, present } = replicas[0].digests;
  expect([applied, present]).toEqual([wanted, wanted]);
});

test('get shows no value of a Secret, and says of what nobody has that nobody has it', async () => {
  const found = await get('Secret', `${pair.namespace}/s`, '-o', 'wide');
  expect(found.stdout).toContain('same');
  expect(found.stdout).not.toContain(Buffer.from('very-secret').toString('base64'));
  expect(await get('Secret', `${pair.namespace}/none`)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('neither'),
  });
  expect(await get()).toMatchObject({ code: 2, stderr: expect.stringContaining('Say which object') });
});

test('without a terminal a watch says each change in a line, and --once too', async () => {
  await pair.put(pair.from, configMap('more', { a: '1' }));
  const once = await pair.copy();
  expect(once.stderr).toMatch(
    new RegExp(`created ConfigMap ${pair.namespace}/more on ${pair.replica}, [\\d.]+m?s`),
  );
  const running = await pair.watch();
  await pair.put(pair.from, configMap('more', { a: '2' }));
  const line = new RegExp(`updated ConfigMap ${pair.namespace}/more on ${pair.replica}, `);
  await eventually(async () => expect(running.output.stderr).toMatch(line));
  running.child.kill('SIGTERM');
  await running.ended;
});

test('jobs are chosen by their state', async () => {
  const states = async (...flags: string[]) =>
    new Set(
      JSON.parse((await pair.ask('jobs', ...flags, '-o', 'json')).stdout).map(
        (job: { state: string }) => job.state,
      ),
    );
  expect(await states('--state', 'done')).toEqual(new Set(['done']));
  expect(await states('--state', 'failed,parked')).toEqual(new Set());
});
