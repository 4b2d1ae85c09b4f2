/** What a promotion says before it is agreed to, and when it is done. */
import { expect, test } from '@jest/globals';
import { planText, reportText } from '../../../../../../plugins/nsreplicate/commands/output/failover-text.ts';
import { planPromotion } from '../../../../../../plugins/nsreplicate/failover/plan.ts';
import { UnreachableError } from '../../../../../../src/errors.ts';
import { optionsFor, run, scene } from '../../../../support/promotion.ts';

test('is what would happen: nothing is fenced yet, and nobody is the primary yet', async () => {
  const options = optionsFor(scene().connect());
  const text = planText(await planPromotion(options), options, { last: undefined });
  expect(text).toContain('would become the primary (epoch 1)');
  expect(text).toContain('\n  would be fenced: ');
});

/** A primary that does not answer. */
function lost() {
  const kubes = scene().connect((kube) => {
    if (kube === 'from') throw new UnreachableError('prod did not answer within 30s');
  });
  return { kubes, isLost: { mayLack: () => true } };
}
const mayRun = (who: string) =>
  `\n  ${who} may still run there, and it finds the epoch before it writes a copy\n`;

test('of a primary that is not reached it is said that its workloads may still run, before and after', async () => {
  const { kubes, isLost } = lost();
  const options = optionsFor(kubes, { ...isLost, state: undefined });
  const text = planText(await planPromotion(options), options, { last: undefined });
  expect(text).toContain("\n  can't be fenced: prod: prod did not answer within 30s\n");
  expect(text).toContain(mayRun('the old primary is not reached: its workloads'));
  const report = reportText(await run(options), 'standby');
  expect(report).toContain('\n  not fenced: prod: prod did not answer within 30s\n');
  expect(report).toContain(
    '\n  what is not fenced may still run and write there; the same command tries again',
  );
});

test('so it is where its state is known, and another cluster does not answer', async () => {
  const kubes = scene().connect();
  const silent = [{ name: 'third', id: 'C', why: 'it is away' }];
  const options = optionsFor(kubes, { silent });
  const text = planText(await planPromotion(options), options, { last: undefined });
  expect(text).toContain(mayRun('what does not answer'));
});

test('where all are fenced, nobody is said to run on', async () => {
  const options = optionsFor(scene().connect());
  const text = planText(await planPromotion(options), options, { last: undefined });
  expect(text + reportText(await run(options), 'standby')).not.toMatch(
    /may still run|not fenced|can't be fenced/,
  );
});

test('of a primary that answers it is said that what runs there runs on, before and after, where anything is woken', async () => {
  const seen = { last: undefined, oldPrimary: 'prod' };
  const beside = '  workloads of prod are left as they are: what runs there runs on beside these';
  const { connect } = scene();
  const options = optionsFor(connect());
  expect(planText(await planPromotion(options), options, seen)).toContain(beside);
  expect(reportText(await run(options), 'standby', seen)).toContain(beside);
  const again = optionsFor(connect());
  expect(planText(await planPromotion(again), again, seen)).not.toContain(beside);
});
