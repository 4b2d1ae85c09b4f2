/** Conditions tell the truth. */
import { describe, expect, test } from '@jest/globals';
import {
  conditionsOf,
  lagOf,
  type Standing,
  type Work,
} from '../../../../../../plugins/nsreplicate/controller/resource/conditions.ts';

const work: Work = {
  compared: true,
  paused: false,
  objects: 3,
  pending: 0,
  oldestMs: 0,
  failed: 0,
  failing: {},
  left: {},
  deletionsStopped: undefined,
  away: undefined,
  unlisted: {},
  nothingCarried: [],
  notes: [],
};
const now = new Date('2026-01-02T03:04:05.678Z');
const context = { generation: 7, notes: [], before: [], now };
const said = (standing: Standing) =>
  Object.fromEntries(
    conditionsOf(standing, context).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
const working = (change: Partial<Work>): Standing => ({ is: 'working', work: { ...work, ...change } });

test.each<[string, Standing, object]>([
  [
    'in sync',
    working({}),
    { Ready: 'True InSync', Suspended: 'False NotSuspended', Degraded: 'False AsExpected' },
  ],
  ['not compared', working({ compared: false }), { Ready: 'False Comparing' }],
  ['paused', working({ paused: true }), { Ready: 'False Paused' }],
  ['away', working({ away: 'no answer' }), { Ready: 'False Unreachable', Degraded: 'True Unreachable' }],
  [
    'failing',
    working({ failed: 2, failing: { webhook: 2 } }),
    { Ready: 'False ChangesFail', Degraded: 'True ChangesFail' },
  ],
  ['not listed', working({ unlisted: { Secret: 'forbidden' } }), { Ready: 'False NotListed' }],
  ['stopped', working({ deletionsStopped: 'many' }), { Ready: 'False DeletionsStopped' }],
  ['no status', working({ nothingCarried: ['ConfigMap'] }), { Ready: 'False NothingToCarry' }],
  ['left', working({ left: { foreign: 1 } }), { Ready: 'True InSync', Degraded: 'False AsExpected' }],
  [
    'suspended',
    { is: 'suspended' },
    { Ready: 'False Suspended', Suspended: 'True Suspended', Degraded: 'False NotRunning' },
  ],
  [
    'invalid',
    { is: 'refused', reason: 'InvalidRule', message: 'm' },
    { Ready: 'False InvalidRule', InvalidRule: 'True InvalidRule' },
  ],
  [
    'refused',
    { is: 'refused', reason: 'NotAllowed', message: 'm' },
    { Ready: 'False NotAllowed', InvalidRule: 'False AllRulesValid' },
  ],
  [
    'unreachable',
    { is: 'failed', reason: 'Unreachable', message: 'm' },
    { Ready: 'False Unreachable', Degraded: 'True Unreachable' },
  ],
])('%s', (_name, standing, expected) => {
  expect(said(standing)).toMatchObject(expected);
});

describe('a condition', () => {
  test('bears its generation, and the time when its status last changed', () => {
    const before = [
      { type: 'Ready', status: 'True' as const, lastTransitionTime: '2025-01-01T00:00:00Z' },
      { type: 'Suspended', status: 'True' as const, lastTransitionTime: '2025-01-01T00:00:00Z' },
    ];
    const [ready, suspended] = conditionsOf(working({}), { ...context, before });
    expect(ready).toMatchObject({ observedGeneration: 7, lastTransitionTime: '2025-01-01T00:00:00Z' });
    expect(suspended).toMatchObject({ status: 'False', lastTransitionTime: '2026-01-02T03:04:05Z' });
  });

  test('says what fails and why, and the notes', () => {
    const [ready] = conditionsOf(working({ failed: 2, failing: { invalid: 2 } }), {
      ...context,
      notes: ['a note'],
    });
    expect(ready?.message).toBe("2 objects can't be written: 2 (invalid); a note");
  });

  test('says to which names of the rules nothing answers', () => {
    const [ready] = conditionsOf(working({ objects: 0, notes: ['namespace shpo is not on local'] }), context);
    expect(ready?.message).toBe('0 objects kept the same; namespace shpo is not on local');
  });

  test('has no longer message than the API takes', () => {
    const [ready] = conditionsOf({ is: 'failed', reason: 'Failed', message: 'x'.repeat(40_000) }, context);
    expect(ready?.message).toHaveLength(1024);
  });
});

test.each([
  [0, 99_000, '0s'],
  [1, 300, '0s'],
  [1, 7000, '5s'],
  [4, 61_000, '1m'],
  [4, 8_000_000, '2h'],
])('a lag of %d objects for %d ms is %s', (pending, oldestMs, text) => {
  expect(lagOf({ pending, oldestMs })).toBe(text);
});
