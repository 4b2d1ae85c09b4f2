/** Who leads is asked in an emergency: what is said must be of the task that was meant, and of the promotion that was. */
import { expect, test } from '@jest/globals';
import { FailoverStatusCommand } from '../../../../../plugins/nsreplicate/commands/failover-status.ts';
import { raiseEpoch } from '../../../../../plugins/nsreplicate/state/epoch.ts';
import { type PromotionRecord, writePromotion } from '../../../../../plugins/nsreplicate/state/promotion.ts';
import type { KubeCommandContext } from '../../../../../src/cli/kube-command.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, sides } from '../../../support/replication.ts';

type Server = ReturnType<typeof sides>['from'];

/** What `failover status --name t` says of a cluster that has no status of the task. */
async function ask(prepare: (kube: Server) => unknown) {
  const { from, to } = sides();
  try {
    await prepare(from);
    const context = {
      binaryName: 'kubectl-nsreplicate',
      signal: new AbortController().signal,
      kube: async () => from,
    } as unknown as KubeCommandContext;
    const flags = { name: 't', primary: undefined };
    return await Object.assign(new FailoverStatusCommand(), flags).run(context);
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

const epoch = (number: number, leaderName: string) => ({
  ...{ number, leader: leaderName, leaderName, raisedAt: `2026-01-0${number}T00:00:00Z` },
});
const promotion = (number: number): PromotionRecord => ({
  ...{ epoch: number, phase: 'Incomplete', startedAt: '2026-01-01T00:00:00Z' },
});

const held = {
  metadata: {
    ...configMap('a').metadata,
    labels: { 'x8s.dev/replica-of': 't' },
    annotations: { 'x8s.dev/origin': 'cluster=A task=t namespace=shop uid=a applied=d sequence=1' },
  },
};

test('a name that no task has is an error, as where any other command asks for a task', async () => {
  await expect(ask(() => undefined)).rejects.toMatchObject({
    message: 'there is no task "t" in from',
    exitCode: 1,
  });
  // A copy of another task is none of this one.
  const other = { metadata: { ...held.metadata, labels: { 'x8s.dev/replica-of': 'other' } } };
  const found = ask((kube) => void kube.objects.create(configMaps, other));
  await expect(found).rejects.toMatchObject({ message: 'there is no task "t" in from' });
});

test.each<[string, (kube: Server) => unknown]>([
  ['a copy', (kube) => kube.objects.create(configMaps, held)],
  ['a promotion', (kube) => writePromotion(kube, 't', promotion(1))],
  ['an epoch', (kube) => raiseEpoch(kube, 't', epoch(1, 'b'))],
])('%s tells of a task that has no record where it is asked for', async (_, prepare) => {
  expect((await ask(prepare)).text).toMatch(/^Task t: /);
});

test('where it can not be looked, nothing is said of what there is not', async () => {
  const { text } = await ask((kube) => {
    kube.before = ({ verb, collection }) => {
      if (verb === 'list' && collection.startsWith('apps/')) throw apiError(403, 'not you', 'Forbidden');
    };
  });
  expect(text).toMatch(/^Task t: nothing is known of a promotion.*\n {2}from: can't be looked at: /);
});

test.each([
  [1, 1, 'epoch 1, promoted at 2026-01-01T00:00:00Z: Incomplete;', 'Incomplete'],
  [
    2,
    1,
    'epoch 2, promoted at epoch 1, 2026-01-01T00:00:00Z: Incomplete, and b leads since epoch 2;',
    'Incomplete (epoch 1)',
  ],
  [
    1,
    2,
    'epoch 1, its promotion to epoch 2 began at 2026-01-01T00:00:00Z: Incomplete;',
    'Incomplete (epoch 2)',
  ],
])('epoch %d and a promotion for epoch %d', async (number, promoted, line, cell) => {
  const { text, table } = await ask(async (kube) => {
    await raiseEpoch(kube, 't', epoch(number, 'b'));
    await writePromotion(kube, 't', promotion(promoted));
  });
  expect(text).toContain(`  from: ${line}`);
  expect(JSON.stringify(table)).toContain(JSON.stringify(cell));
});

test('what a promotion could not fence is named, until it has been told', async () => {
  const unfenced = [
    { name: 'from', why: 'it was away' },
    { name: 'prod', id: 'A', why: 'its store is full' },
  ];
  const { text, data } = await ask(async (kube) => {
    await raiseEpoch(kube, 't', epoch(1, 'b'));
    await writePromotion(kube, 't', { ...promotion(1), unfenced });
  });
  // The one that was asked knows of it by now.
  expect(data).toMatchObject({ unfenced: [{ name: 'prod' }] });
  expect(text).toContain('\n  not fenced by that promotion: prod: its store is full');
});

test('a server that keeps the state and answers with errors is named, with exit code 5', async () => {
  const { text, error } = await ask((kube) => {
    kube.before = () => {
      throw apiError(503, 'no healthy upstream');
    };
  });
  expect(error).toMatchObject({ exitCode: 5, details: [expect.stringContaining('no healthy upstream')] });
  expect(text).toMatch(/^Task t: nothing is known of a promotion/);
});
