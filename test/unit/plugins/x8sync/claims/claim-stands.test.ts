import { expect, test } from '@jest/globals';
import {
  lostTarget,
  requireTargetStands,
  sourceDeparture,
} from '../../../../../plugins/x8sync/claims/claim-stands.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import type { PersistentVolumeClaim } from '../../../../../src/kube/api/objects.ts';
import { persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const named = { namespace: 'shop', name: 'data' };

/** A claim as a run has found it. */
async function found(finalizers: string[] = []) {
  const kube = fakeKube();
  const claim = { metadata: { ...named, finalizers }, spec: {} } as PersistentVolumeClaim;
  const { metadata } = await kube.create(persistentVolumeClaims, claim);
  return { kube, claim, known: { ref: { kube, namespace: 'shop', claim: 'data' }, uid: metadata.uid ?? '' } };
}

test('a claim that is as it was stands, as a target and as a source', async () => {
  const { known } = await found();
  await requireTargetStands(known, signal);
  expect(await lostTarget(known, signal)).toBeUndefined();
  expect(await sourceDeparture(known, signal)).toBeUndefined();
});

test('one that is being deleted, that is gone, and that was made anew is lost', async () => {
  const { kube, claim, known } = await found(['kubernetes.io/pvc-protection']);
  const isLost = (message: RegExp) => expect(requireTargetStands(known, signal)).rejects.toThrow(message);
  await kube.delete(persistentVolumeClaims, named);
  await isLost(/^target claim fake\/shop\/data is being deleted, since \d/);
  const going = await kube.get(persistentVolumeClaims, named);
  const metadata = { ...going.metadata, finalizers: [] };
  await kube.replace(persistentVolumeClaims, { ...going, metadata });
  await isLost(/was deleted meanwhile: what was copied goes with the claim/);
  await kube.create(persistentVolumeClaims, claim);
  await isLost(/was deleted meanwhile, and made anew/);
  expect(await sourceDeparture(known, signal)).toMatch(
    /^Source claim fake\/shop\/data was deleted meanwhile/,
  );
});

test('a cluster that does not answer is an error only where the end depends on it', async () => {
  const { kube, known } = await found();
  kube.before = () => {
    throw new UnreachableError('no answer');
  };
  await expect(requireTargetStands(known, signal)).rejects.toThrow('no answer');
  expect(await lostTarget(known, signal)).toBeUndefined();
  expect(await sourceDeparture(known, signal)).toBeUndefined();
});
