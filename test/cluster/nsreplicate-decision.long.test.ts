/** One decision, for random pairs of sides and policies. */
import { randomInt } from 'node:crypto';
import { test } from '@jest/globals';
import { expectOneDecision } from './support/random-sides.ts';

test.each([1, 2, 3].map(() => [randomInt(1_000_000)]))(
  'what a run writes is what plan had said and what drift had counted (seed %i)',
  expectOneDecision,
);
