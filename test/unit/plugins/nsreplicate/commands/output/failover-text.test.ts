/** What a promotion says before it is agreed to. */
import { expect, test } from '@jest/globals';
import { planText } from '../../../../../../plugins/nsreplicate/commands/output/failover-text.ts';
import { planPromotion } from '../../../../../../plugins/nsreplicate/failover/promote.ts';
import { optionsFor, scene } from '../../../../support/promotion.ts';

test('is what would happen: nothing is fenced yet, and nobody is the primary yet', async () => {
  const options = optionsFor(scene().connect());
  const text = planText(await planPromotion(options), options, { last: undefined });
  expect(text).toContain('would become the primary (epoch 1)');
  expect(text).toContain('\n  would be fenced: ');
});
