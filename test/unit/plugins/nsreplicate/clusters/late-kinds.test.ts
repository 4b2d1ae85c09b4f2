import { expect, test } from '@jest/globals';
import { chooseKinds } from '../../../../../plugins/nsreplicate/clusters/kinds.ts';
import { awaitKinds } from '../../../../../plugins/nsreplicate/clusters/late-kinds.ts';
import { type Rule, ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { groups, replication, resource } from '../../../support/replication.ts';

/** Waits for kinds that the rules mean and the primary does not serve yet. */
async function waiting(...rules: Rule[]) {
  const { from, clock, assignment, end } = replication({ rules });
  const { primary, spec } = assignment;
  const said: string[] = [];
  const ended = new AbortController();
  const choice = await chooseKinds(primary, rules);
  const over = awaitKinds(
    {
      primary,
      spec,
      clock,
      signal: ended.signal,
      startOver: ({ message }) => said.push(message),
      broken: (error) => said.push(`defect: ${error}`),
    },
    choice,
    (silent) => said.push(`silent: ${silent.join()}`),
  );
  const stop = async () => {
    ended.abort();
    await over;
    await end();
  };
  return { from, clock, said, over, stop };
}

test('where all rules name their kinds and all groups answer, nothing is waited for', async () => {
  const { from, said, over, stop } = await waiting(ruleFor('', 'ConfigMap'));
  const before = from.calls.length;
  await over;
  expect([said, from.calls.length - before]).toEqual([[], 0]);
  await stop();
});

test('a kind that comes to be served, and that a glob means, begins the run anew', async () => {
  const { from, clock, said, over, stop } = await waiting(ruleFor('example.com', '*'));
  await clock.advance(60_000);
  expect(said).toEqual(['silent: ']);
  from.answers.set('/apis', () => groups('example.com', resource('widgets', 'Widget')));
  await clock.advance(60_000);
  await over;
  expect(said.at(-1)).toBe('primary from serves Widget.example.com now');
  await stop();
});

test('a primary that does not answer is asked again; a defect of this program is told', async () => {
  const { from, clock, said, over, stop } = await waiting(ruleFor('example.com', '*'));
  let failure: Error = new UnreachableError('gone');
  from.before = () => {
    throw failure;
  };
  await clock.advance(120_000);
  expect(said).toEqual([]);
  failure = new TypeError('a defect');
  await clock.advance(60_000);
  await over;
  expect(said).toEqual(['defect: TypeError: a defect']);
  await stop();
});
