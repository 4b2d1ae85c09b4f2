import { describe, expect, test } from '@jest/globals';
import {
  type Decision,
  decide,
  type Present,
  type Wanted,
} from '../../../../../plugins/nsreplicate/decide/decide.ts';
import { mayCopy } from '../../../../../plugins/nsreplicate/decide/may-copy.ts';
import { type PruneCase, pruneVerdict } from '../../../../../plugins/nsreplicate/decide/prune.ts';
import type { Origin } from '../../../../../plugins/nsreplicate/objects/stamps.ts';

const origin: Origin = { cluster: 'A', task: 't', namespace: 'n', uid: 'u1', via: [] };
const wanted: Wanted = { digest: 'd2', origin };
const there = (change: Partial<Present> = {}): Present => ({
  uid: 'r1',
  deleting: false,
  stamp: { origin, applied: 'd2', marker: 0 },
  live: 'd2',
  ...change,
});
const policy = { adopt: false, formerPrimaries: [] };

describe('what to do about one object on one replica', () => {
  const table: [string, Present | undefined, string | undefined, Decision][] = [
    ['absent', undefined, undefined, { do: 'create' }],
    ['equal', there(), undefined, { do: 'nothing' }],
    ['on its way out', there({ deleting: true }), undefined, { do: 'wait-gone' }],
    [
      'older',
      there({ stamp: { origin, applied: 'd1', marker: 0 }, live: 'd1' }),
      undefined,
      { do: 'update', why: 'changed' },
    ],
    [
      'made from an earlier object of that name',
      there({ stamp: { origin: { ...origin, uid: 'u0' }, applied: 'd2', marker: 0 } }),
      undefined,
      { do: 'update', why: 'recreated' },
    ],
    ['not looked at since it changed', there({ live: undefined }), undefined, { do: 'look' }],
    ['edited by hand', there({ live: 'dX' }), undefined, { do: 'update', why: 'drift' }],
    ['what a webhook made of it', there({ live: 'dW' }), 'dW', { do: 'nothing' }],
    ['what a webhook made of it, then edited', there({ live: 'dX' }), 'dW', { do: 'update', why: 'drift' }],
    ["somebody's own", there({ stamp: undefined }), undefined, { do: 'refuse', why: 'not-ours' }],
    [
      "another task's",
      there({ stamp: { origin: { ...origin, task: 'o' }, applied: 'd2', marker: 0 } }),
      undefined,
      { do: 'refuse', why: 'other-task' },
    ],
    [
      "another primary's",
      there({ stamp: { origin: { ...origin, cluster: 'Z' }, applied: 'd2', marker: 0 } }),
      undefined,
      { do: 'refuse', why: 'other-primary' },
    ],
  ];
  test.each(table)('%s', (_what, present, settled, expected) => {
    expect(decide(wanted, present, settled, policy)).toEqual(expected);
  });

  test('adopting takes over what is not ours', () => {
    expect(decide(wanted, there({ stamp: undefined }), undefined, { ...policy, adopt: true })).toEqual({
      do: 'update',
      why: 'adopted',
    });
  });

  test('an approved former primary is ours', () => {
    const present = there({ stamp: { origin: { ...origin, cluster: 'Z' }, applied: 'd2', marker: 0 } });
    expect(decide(wanted, present, undefined, { ...policy, formerPrimaries: ['Z'] })).toEqual({
      do: 'update',
      why: 'recreated',
    });
  });

  test('A, B, A ends at A, whatever was there before', () => {
    const atB = there({ stamp: { origin, applied: 'dB', marker: 0 }, live: 'dB' });
    expect(decide({ digest: 'dA', origin }, atB, undefined, policy)).toEqual({
      do: 'update',
      why: 'changed',
    });
  });
});

describe('loop prevention', () => {
  const route = { primary: 'A', replica: 'B', failBack: false };
  const from = (cluster: string, via: string[] = []): Origin => ({ ...origin, cluster, via });
  test.each<[string, Origin | undefined, Origin | undefined, boolean]>([
    ['its own object', undefined, undefined, true],
    ['a copy from a third cluster', from('C'), undefined, true],
    ['a copy from the replica', from('B'), undefined, false],
    ['a copy that came through the replica', from('C', ['B']), undefined, false],
    [
      'a copy of the replica, while the replica has a copy of ours: the smaller uid wins',
      from('B'),
      from('A'),
      true,
    ],
  ])('%s: %s', (_what, source, present, expected) => {
    expect(mayCopy(route, source, present)).toBe(expected);
  });

  test('of two that adopted each other, one direction goes', () => {
    const back = { primary: 'B', replica: 'A', failBack: false };
    expect(mayCopy(back, from('A'), from('B'))).toBe(false);
  });

  test('failing back is allowed in words', () => {
    expect(mayCopy({ ...route, failBack: true }, from('B'), undefined)).toBe(true);
  });
});

describe('pruning', () => {
  const flags = { prune: true, claims: false, namespaces: false, definitions: false };
  const definition = 'CustomResourceDefinition.apiextensions.k8s.io';
  const gone: PruneCase = {
    kind: 'ConfigMap',
    stamp: { origin, applied: 'd', marker: 0 },
    task: 't',
    primary: 'A',
    inScope: true,
    onPrimary: false,
    isStranger: false,
    isWritten: true,
    flags,
  };
  test.each<[string, Partial<PruneCase>, string]>([
    ['its original was not in the list', {}, 'ask-primary'],
    ['its original is there', { onPrimary: true }, 'keep'],
    ['nobody stamped it', { stamp: undefined }, 'keep'],
    ['it bears the stamp of another object', { stamp: undefined, isStranger: true }, 'stranger'],
    ['it bears our stamp, which somebody else put there', { isWritten: false }, 'unproven'],
    ['a definition', { kind: definition }, 'guarded'],
    [
      'a definition, with the flag',
      { kind: definition, flags: { ...flags, definitions: true } },
      'ask-primary',
    ],
    ['another task made it', { task: 'other' }, 'keep'],
    ['another primary made it', { primary: 'B' }, 'keep'],
    ['the rules no longer cover it', { inScope: false }, 'left-scope'],
    [
      'pruning is off',
      { flags: { prune: false, claims: true, namespaces: true, definitions: true } },
      'guarded',
    ],
    ['a claim', { kind: 'PersistentVolumeClaim' }, 'guarded'],
    [
      'a claim, with the flag',
      { kind: 'PersistentVolumeClaim', flags: { ...flags, claims: true } },
      'ask-primary',
    ],
    ['a namespace', { kind: 'Namespace' }, 'guarded'],
    [
      'a namespace, with the flag',
      { kind: 'Namespace', flags: { ...flags, namespaces: true } },
      'ask-primary',
    ],
  ])('%s', (_what, change, expected) => {
    expect(pruneVerdict({ ...gone, ...change })).toBe(expected);
  });
});
