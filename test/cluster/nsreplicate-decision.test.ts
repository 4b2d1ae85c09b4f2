/** One decision, for a random pair of sides and a random policy; `nsreplicate-decision.long.test.ts` has more of them. */
import { randomInt } from 'node:crypto';
import { test } from '@jest/globals';
import { expectOneDecision } from './support/random-sides.ts';

test.each([[randomInt(1_000_000)]])(
  'what a run writes is what plan had said and what drift had counted (seed %i)',
  expectOneDecision,
);
