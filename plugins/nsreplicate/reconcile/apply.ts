/** Applies a copy to a replica, and works round what API servers can't apply though they would take the object. */
import { messageOf } from '../../../src/errors.ts';
import { ApiError } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { apiVersionOf, type Resource } from '../../../src/kube/api/resources.ts';
import { notTaken, WorkFailure } from '../clusters/failure.ts';
import { fieldManager } from '../decide/spec.ts';
import { bytesTooMany } from '../objects/annotations-size.ts';
import { cloneJson, type Draft } from '../objects/draft.ts';
import { emptyMaps, filledIn, lostIn, type Path, putBack, take } from '../objects/empty-maps.ts';
import { ProvenanceKey } from '../objects/provenance.ts';
import { otherAppliers, replacement, replacementPatch } from '../objects/replacement.ts';
import { hasTwins, isWrittenInOtherVersion } from '../objects/unappliable.ts';
import { droppedFields } from './probe.ts';

export interface ApplyCopyOptions extends CallOptions {
  /** Take over fields that another manager owns. */
  readonly force: boolean;
  readonly dryRun?: boolean;
}

/**
 * Server-side apply, by which a copy is written. Where that can't be done, it is created, or replaces what is there.
 * @throws {WorkFailure | ApiError | UnreachableError}
 */
export async function applyCopy(
  kube: KubeClient,
  resource: Resource,
  main: Draft,
  options: ApplyCopyOptions,
): Promise<KubeObject> {
  const how = { ...options, fieldManager, fieldValidation: 'Ignore' } as const;
  const apply = (draft: Draft) => kube.apply(resource, draft as KubeObject, how);
  const empty = emptyMaps(main);
  try {
    const object = await apply(main);
    const lost = lostIn(object, empty);
    if (lost.length === 0) return object;
    // The first apply took the old keys away, so the second one leaves the empty maps in place.
    if (!options.dryRun) return await apply(main);
    putBack(object, lost);
    return object;
  } catch (error) {
    if (isBroken(error)) await checkKnown(kube, resource, main, options);
    if (isBroken(error)) return writeWhole(kube, resource, main, options, error);
    if (isInvalid(error)) checkRoom(main, error);
    if (empty.length === 0 || !isInvalid(error)) throw error;
    return emptied(kube, resource, main, empty, options, error);
  }
}

const isInvalid = (error: unknown): boolean => error instanceof ApiError && error.code === 422;

/** @throws {WorkFailure} the original's annotations leave no room for where the copy came from */
function checkRoom(main: Draft, cause: unknown): void {
  const bytes = bytesTooMany(main);
  if (bytes === undefined) return;
  const { kind, metadata } = main;
  throw new WorkFailure({
    class: 'object',
    reason: 'too-large',
    message: `${kind} ${metadata.name}: a copy bears ${ProvenanceKey.origin} (${bytes} bytes), which no longer fits beside the annotations of the original; take as much out of those: ${messageOf(cause)}`,
  });
}

/** The server failed at the apply. Some objects make it fail each time: only these are written in another way. */
const isBroken = (error: unknown): boolean => error instanceof ApiError && error.code === 500;

/**
 * Where the server does not know a field, an apply fails as if the server did, and all other verbs lose the field.
 * @throws {WorkFailure} fields that the server would lose
 */
async function checkKnown(
  kube: KubeClient,
  resource: Resource,
  draft: Draft,
  { signal }: CallOptions,
  subresource?: string,
): Promise<void> {
  const lost = await droppedFields(kube, resource, draft, {
    signal,
    ...(subresource ? { subresource } : {}),
  });
  if (lost.length > 0) throw notTaken(`${draft.kind ?? resource.kind} ${draft.metadata.name}`, lost);
}

/** Applies the status alone. Status belongs to controllers, so it is always taken over. */
export async function applyStatus(
  kube: KubeClient,
  resource: Resource,
  status: Draft,
  call: CallOptions,
): Promise<KubeObject> {
  const how = { ...call, fieldManager, force: true, subresource: 'status' };
  try {
    return await kube.apply(resource, status as KubeObject, how);
  } catch (error) {
    if (isBroken(error)) await checkKnown(kube, resource, status, call, 'status');
    throw error;
  }
}

const placeOf = ({ metadata: { name, namespace } }: Draft) => ({ name, namespace });

/** Without the maps that become empty first: then nothing is left of them that could become null. */
async function emptied(
  kube: KubeClient,
  resource: Resource,
  main: Draft,
  empty: readonly Path[],
  options: ApplyCopyOptions,
  cause: unknown,
): Promise<KubeObject> {
  const live = await kube.find(resource, placeOf(main), options);
  const filled = filledIn(live, empty);
  if (filled.length === 0) throw cause;
  const first = cloneJson(main);
  take(first, filled);
  const how = { ...options, fieldManager, fieldValidation: 'Ignore' } as const;
  const object = await kube.apply(resource, first as KubeObject, how).catch((error: unknown) => {
    // It was refused for another reason, or can't be without these maps: the first refusal is the one that is told.
    throw isInvalid(error) ? cause : error;
  });
  if (!options.dryRun) return kube.apply(resource, main as KubeObject, how);
  putBack(object, filled);
  return object;
}

/**
 * By create or patch, which leave it to us to spare what is somebody else's; where that is why it could not be applied.
 */
async function writeWhole(
  kube: KubeClient,
  resource: Resource,
  main: Draft,
  options: ApplyCopyOptions,
  cause: unknown,
): Promise<KubeObject> {
  const { force, dryRun = false, signal } = options;
  const how = { dryRun, fieldManager, fieldValidation: 'Strict', signal } as const;
  const live = await kube.find(resource, placeOf(main), { signal });
  const isBeyondApply =
    hasTwins(main) || (live && (hasTwins(live) || isWrittenInOtherVersion(live, apiVersionOf(resource))));
  if (!isBeyondApply) throw cause;
  // What appeared since it was looked for is not ours to replace: then this is refused.
  if (!live || (!dryRun && main.metadata.uid === undefined)) {
    const { uid: _uid, ...metadata } = main.metadata;
    return kube.create(resource, { ...main, metadata } as KubeObject, how);
  }
  const others = force ? [] : otherAppliers(live, fieldManager);
  if (others.length > 0)
    throw new WorkFailure({
      class: 'decision',
      reason: 'conflict',
      message: `${main.kind} ${main.metadata.name} can only be replaced as a whole, and ${others.join(', ')} applies fields of it (--force-conflicts); it can't be applied: ${(cause as Error).message}`,
    });
  const patch = replacementPatch(replacement(main, live, fieldManager), live);
  return kube.patch(resource, placeOf(main), patch, { ...how, type: 'json' });
}
