import { describe, expect, test } from '@jest/globals';
import {
  type Assessment,
  assess,
  driftOf,
  type Policy,
  type PrimarySide,
  type ReplicaSide,
} from '../../../../../plugins/nsreplicate/decide/assess.ts';
import { mayCopy } from '../../../../../plugins/nsreplicate/decide/may-copy.ts';
import type { DriftState } from '../../../../../plugins/nsreplicate/decide/outcomes.ts';
import { ownershipOf } from '../../../../../plugins/nsreplicate/decide/ownership.ts';
import { keptBecause, type PruneCase } from '../../../../../plugins/nsreplicate/decide/prune.ts';
import type { Origin, Provenance } from '../../../../../plugins/nsreplicate/objects/provenance.ts';

const origin: Origin = { cluster: 'A', task: 't', namespace: 'n', uid: 'u1', via: [] };
const original: PrimarySide = {
  digest: 'd2',
  origin,
  inherited: undefined,
  isWhole: true,
  problem: undefined,
};
const provenanceWith = (change: Partial<Origin> = {}, applied = 'd2'): Provenance => ({
  origin: { ...origin, ...change },
  applied,
  sequence: 0,
});
const there = (change: Partial<ReplicaSide> = {}): ReplicaSide => ({
  uid: 'r1',
  deleting: false,
  provenance: provenanceWith(),
  isCopiedCopy: false,
  isWritten: true,
  live: 'd2',
  inScope: true,
  made: undefined,
  ...change,
});
const policy: Policy = {
  task: 't',
  primary: 'A',
  formerPrimaries: [],
  replica: 'B',
  adopt: false,
  exact: false,
  forceConflicts: false,
  failBack: false,
  leads: false,
  drift: 'fix',
  prune: { prune: true, claims: false, namespaces: false, definitions: false },
};
const assessed = (
  present: ReplicaSide | undefined,
  change: Partial<Policy> = {},
  from: PrimarySide | undefined = original,
  kind = 'ConfigMap',
) => assess({ kind, original: from, isListed: true, present }, { ...policy, ...change });

const changed = { outcome: 'update', why: 'changed', force: false } as const;
const recreated = { outcome: 'update', why: 'recreated', force: false } as const;
const putRight = { outcome: 'put-right', why: 'drift', force: false } as const;
const adopted = { outcome: 'adopt', why: 'adopted', force: true } as const;

describe('what becomes of one object on one replica', () => {
  const made = (foreign: boolean) => there({ live: 'dW', made: { foreign } });
  const table: [string, ReplicaSide | undefined, Partial<Policy>, Assessment, DriftState | undefined][] = [
    ['absent', undefined, {}, { outcome: 'create', why: 'absent', force: false }, 'missing'],
    [
      'absent, where conflicts are forced: what appears meanwhile is not overruled',
      undefined,
      { forceConflicts: true },
      { outcome: 'create', why: 'absent', force: false },
      'missing',
    ],
    ['equal', there(), {}, { outcome: 'same' }, undefined],
    ['on its way out', there({ deleting: true }), {}, { outcome: 'wait', why: 'terminating' }, 'missing'],
    ['older', there({ provenance: provenanceWith({}, 'd1'), live: 'd1' }), {}, changed, 'outdated'],
    [
      'older, where conflicts are forced',
      there({ provenance: provenanceWith({}, 'd1') }),
      { forceConflicts: true },
      { ...changed, force: true },
      'outdated',
    ],
    [
      'made from an earlier object of that name',
      there({ provenance: provenanceWith({ uid: 'u0' }) }),
      {},
      recreated,
      'outdated',
    ],
    ['not looked at since it changed', there({ live: undefined }), {}, { outcome: 'look' }, undefined],
    ['edited by hand', there({ live: 'dX' }), {}, putRight, 'edited'],
    [
      'edited by hand, where that is only reported',
      there({ live: 'dX' }),
      { drift: 'report' },
      { outcome: 'leave', why: 'edited' },
      'edited',
    ],
    [
      'what the cluster gave to the namespace, as it gave it',
      there({ provenance: undefined, untouched: 'yes' }),
      {},
      { outcome: 'adopt', why: 'adopted', force: true },
      'foreign',
    ],
    [
      'what the cluster gave to the namespace, and was not looked at',
      there({ provenance: undefined, live: undefined, untouched: 'unknown' }),
      {},
      { outcome: 'look' },
      undefined,
    ],
    ['what a webhook made of it', made(false), {}, { outcome: 'same' }, undefined],
    ['with keys of others', made(true), {}, { outcome: 'leave', why: 'keys-of-others' }, 'edited'],
    [
      'with fields that others apply',
      there({ live: 'dW', made: { foreign: true, othersApply: true } }),
      {},
      { outcome: 'leave', why: 'others-apply' },
      'edited',
    ],
    [
      'with fields that others apply, where conflicts are forced',
      there({ live: 'dW', made: { foreign: false, othersApply: true } }),
      { forceConflicts: true },
      { ...putRight, force: true },
      'edited',
    ],
    ['with keys of others, which have to go', made(true), { exact: true }, putRight, 'edited'],
    [
      "somebody's own",
      there({ provenance: undefined }),
      {},
      { outcome: 'refuse', why: 'not-ours' },
      'foreign',
    ],
    ["somebody's own, adopted", there({ provenance: undefined }), { adopt: true }, adopted, 'foreign'],
    [
      "another task's",
      there({ provenance: provenanceWith({ task: 'o' }) }),
      {},
      { outcome: 'refuse', why: 'other-task' },
      'foreign',
    ],
    [
      "another primary's",
      there({ provenance: provenanceWith({ cluster: 'Z' }) }),
      {},
      { outcome: 'refuse', why: 'other-primary' },
      'foreign',
    ],
    [
      "a former primary's, which a person approved",
      there({ provenance: provenanceWith({ cluster: 'Z' }) }),
      { formerPrimaries: ['Z'] },
      recreated,
      'outdated',
    ],
  ];
  test.each(table)('%s', (_what, present, change, expected, drift) => {
    const assessment = assessed(present, change);
    expect(assessment).toEqual(expected);
    expect(driftOf(assessment, present)).toBe(drift);
  });

  test('A, B, A ends at A, whatever was there before', () => {
    const atB = there({ provenance: provenanceWith({}, 'dB'), live: 'dB' });
    expect(assessed(atB, {}, { ...original, digest: 'dA' })).toEqual(changed);
  });

  test('a namespace that was there before stays as it is', () => {
    const kept = assessed(there({ provenance: undefined }), {}, original, 'Namespace');
    expect([kept, driftOf(kept, undefined)]).toEqual([{ outcome: 'leave', why: 'there-before' }, undefined]);
  });

  test('what came from the replica is not sent back', () => {
    const back = { ...original, inherited: { ...origin, cluster: 'B' } };
    expect(assessed(undefined, {}, back)).toEqual({ outcome: 'leave', why: 'came-from-there' });
    expect(assessed(undefined, { failBack: true }, back)).toMatchObject({ outcome: 'create' });
  });

  test('what can not be made of the original is a failure, on both sides', () => {
    const failing = assessed(undefined, {}, { ...original, problem: 'an override does not fit' });
    expect(failing).toEqual({ outcome: 'fail', problem: 'an override does not fit' });
    expect([driftOf(failing, undefined), driftOf(failing, there())]).toEqual(['missing', 'outdated']);
  });
});

describe('without an original', () => {
  const gone = (present: ReplicaSide | undefined, change: Partial<Policy> = {}, kind = 'ConfigMap') =>
    assess({ kind, original: undefined, isListed: true, present }, { ...policy, ...change });

  test.each<[string, ReplicaSide | undefined, Partial<Policy>, Assessment, DriftState | undefined]>([
    ['there is nothing', undefined, {}, { outcome: 'gone' }, undefined],
    ['a copy', there(), {}, { outcome: 'delete' }, 'extra'],
    ['a copy that is on its way out', there({ deleting: true }), {}, { outcome: 'gone' }, undefined],
    [
      'a copy, where deletions are not followed',
      there(),
      { prune: { prune: false, claims: false, namespaces: false, definitions: false } },
      { outcome: 'leave', why: 'deletions-off' },
      'extra',
    ],
    [
      'a copy that no rule covers any more',
      there({ inScope: false }),
      {},
      { outcome: 'leave', why: 'left-scope' },
      undefined,
    ],
    [
      "somebody's own",
      there({ provenance: undefined }),
      { adopt: true },
      { outcome: 'leave', why: 'not-a-copy' },
      undefined,
    ],
    [
      'what somebody made from a copy of ours',
      there({ provenance: undefined, isCopiedCopy: true }),
      {},
      { outcome: 'leave', why: 'copied-copy' },
      undefined,
    ],
    [
      "a former primary's copy",
      there({ provenance: provenanceWith({ cluster: 'Z' }) }),
      { formerPrimaries: ['Z'] },
      { outcome: 'leave', why: 'not-a-copy' },
      undefined,
    ],
  ])('%s', (_what, present, change, expected, drift) => {
    const assessment = gone(present, change);
    expect([assessment, driftOf(assessment, present)]).toEqual([expected, drift]);
  });

  test('nothing is known before the primary was listed', () => {
    const situation = { kind: 'ConfigMap', original: undefined, isListed: false, present: there() };
    expect(assess(situation, policy)).toEqual({ outcome: 'wait', why: 'not-listed' });
  });
});

describe('loop prevention', () => {
  const route = { task: origin.task, primary: 'A', replica: 'B', failBack: false, leads: false };
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
    const back = { ...route, primary: 'B', replica: 'A' };
    expect(mayCopy(back, from('A'), from('B'))).toBe(false);
  });

  test('failing back is allowed in words', () => {
    expect(mayCopy({ ...route, failBack: true }, from('B'), undefined)).toBe(true);
  });

  test('what the task itself copied from the replica goes back once the primary was promoted', () => {
    const leads = { ...route, leads: true };
    expect(mayCopy(leads, from('B'), undefined)).toBe(true);
    expect(mayCopy(leads, { ...from('B'), task: 'other' }, undefined)).toBe(false);
    expect(mayCopy(leads, from('C', ['B']), undefined)).toBe(false);
  });
});

test.each([
  ['nobody of ours made it', undefined, 'not-ours'],
  ['another task made it', provenanceWith({ task: 'other' }), 'other-task'],
  ['another primary made it', provenanceWith({ cluster: 'B' }), 'other-primary'],
  ['an approved one made it', provenanceWith({ cluster: 'F' }), 'ours-before'],
  ['we made it', provenanceWith(), 'ours'],
])('whose it is: %s', (_what, provenance, expected) => {
  expect(
    ownershipOf({ provenance, isCopiedCopy: false }, { task: 't', primary: 'A', formerPrimaries: ['F'] }),
  ).toBe(expected);
});

test('what bears the provenance of another object is a copied copy, whatever it says', () => {
  const owner = { task: 't', primary: 'A', formerPrimaries: [] };
  expect(ownershipOf({ provenance: undefined, isCopiedCopy: true }, owner)).toBe('copied-copy');
});

describe('pruning', () => {
  const flags = { prune: true, claims: false, namespaces: false, definitions: false };
  const definition = 'CustomResourceDefinition.apiextensions.k8s.io';
  const gone: PruneCase = {
    kind: 'ConfigMap',
    ownership: 'ours',
    isWritten: true,
    inScope: true,
    flags,
  };
  test.each<[string, Partial<PruneCase>, string | undefined]>([
    ['its original was not in the list', {}, undefined],
    ['nobody of ours made it', { ownership: 'not-ours' }, 'not-a-copy'],
    ['it bears the provenance of another object', { ownership: 'copied-copy' }, 'copied-copy'],
    ['it bears our provenance, which somebody else put there', { isWritten: false }, 'unproven'],
    ['a definition', { kind: definition }, 'definitions-guarded'],
    ['a definition, with the flag', { kind: definition, flags: { ...flags, definitions: true } }, undefined],
    ['another task made it', { ownership: 'other-task' }, 'not-a-copy'],
    ['another primary made it', { ownership: 'other-primary' }, 'not-a-copy'],
    ['the rules no longer cover it', { inScope: false }, 'left-scope'],
    [
      'pruning is off',
      { flags: { prune: false, claims: true, namespaces: true, definitions: true } },
      'deletions-off',
    ],
    ['a claim', { kind: 'PersistentVolumeClaim' }, 'claims-guarded'],
    [
      'a claim, with the flag',
      { kind: 'PersistentVolumeClaim', flags: { ...flags, claims: true } },
      undefined,
    ],
    ['a namespace', { kind: 'Namespace' }, 'namespaces-guarded'],
    ['a namespace, with the flag', { kind: 'Namespace', flags: { ...flags, namespaces: true } }, undefined],
  ])('%s', (_what, change, expected) => {
    expect(keptBecause({ ...gone, ...change })).toBe(expected);
  });
});
