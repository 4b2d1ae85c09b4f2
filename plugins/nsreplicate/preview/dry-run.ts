/** Tries a write on a replica by dry runs: what would come of it. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { immutable, isRefused, WorkFailure } from '../clusters/failure.ts';
import type { Write } from '../decide/assess.ts';
import { type FieldDrift, fieldDriftOf, toBeRemoved } from '../decide/field-drift.ts';
import { fieldManager } from '../decide/spec.ts';
import { cloneJson, type Draft, type Json, put } from '../objects/draft.ts';
import { valueAt, without } from '../objects/managed-fields.ts';
import { mergePatch } from '../objects/merge-patch.ts';
import { applyCopy } from '../reconcile/apply.ts';
import { type Asked, probe } from '../reconcile/probe.ts';
import { wasBound, whatGoesAlong } from '../reconcile/recreate.ts';
import { mayOverrule, takesOf, type WritePolicy } from '../reconcile/writer.ts';

/** A write that is only tried. */
export interface Trial extends Asked {
  readonly kube: KubeClient;
  readonly write: Write;
  readonly policy: WritePolicy;
  readonly signal: AbortSignal;
}

/**
 * What the replica would have after a write, and what of it would not have come of that.
 * @param before what it has
 * @throws {ApiError} it would not take the write
 */
export async function dryRun(
  trial: Trial,
  before: KubeObject | undefined,
): Promise<{ after: KubeObject; drift: FieldDrift }> {
  const { write, policy } = trial;
  const afterRefusal = (error: unknown) => {
    if (!isRefused(error) || !before) throw error;
    return replaceAll(trial, before, error);
  };
  const applied = await apply(trial, write.force).catch((error: unknown) => {
    if (write.outcome === 'create') throw error;
    return mayOverrule(error, policy) ? apply(trial, true).catch(afterRefusal) : afterRefusal(error);
  });
  const drift = fieldDriftOf(trial.main, applied, fieldManager, trial.context);
  // What others have in it would be taken over, and go with a second apply.
  return { after: without(applied, toBeRemoved(drift, takesOf(write, policy))), drift };
}

const apply = ({ kube, resource, main, signal }: Trial, force: boolean): Promise<KubeObject> =>
  applyCopy(kube, resource, main, { force, dryRun: true, signal });

/**
 * Where what others have in an object excludes what is applied, it would be taken over first; a dry run of two writes
 * in a row there is not, so all that is in the object is patched at once, which takes no right that a task does not have.
 */
async function replaceAll(trial: Trial, before: KubeObject, refusal: unknown): Promise<KubeObject> {
  const { kube, resource, main, context, write, policy, signal } = trial;
  const present = fieldDriftOf(main, before, fieldManager, context);
  if (toBeRemoved(present, takesOf(write, policy)).length === 0) throw refusal;
  const whole = cloneJson(main);
  if (!policy.exact)
    for (const path of present.keys)
      put(
        whole,
        path.map((key) => key.slice(2)),
        valueAt(before, path),
      );
  const { name, namespace, resourceVersion } = before.metadata;
  const patch = mergePatch(contentOf(before), contentOf(whole));
  const metadata = { ...(patch.metadata as object | undefined), resourceVersion };
  const options = { type: 'merge', fieldManager, dryRun: true, signal } as const;
  return kube.patch(resource, { namespace, name }, { ...patch, metadata }, options);
}

/** What an object's writers decide on: not what the server adds to it. */
function contentOf({ metadata, status: _, apiVersion: __, kind: ___, ...content }: KubeObject): Json {
  const { labels = {}, annotations = {} } = metadata;
  return { ...content, metadata: { labels, annotations } };
}

/** The failure that a refused change is, where the object would be taken as a new one; else undefined. */
export async function asImmutable(trial: Trial, error: unknown): Promise<WorkFailure | undefined> {
  if (error instanceof WorkFailure) return error.reason === 'immutable' ? error : undefined;
  if (!isRefused(error)) return undefined;
  const { kube, resource, main, signal } = trial;
  const found = await probe(kube, resource, main as Draft, { signal });
  return found.is === 'taken' ? immutable(`${main.kind} ${main.metadata.name}`, error) : undefined;
}

/** Whether an object may be deleted and made anew. */
export async function mayBeMadeAnew({ kube, policy, signal }: Trial, before: KubeObject): Promise<boolean> {
  if (policy.onImmutable === 'fail' || wasBound(before)) return false;
  const { taken, strangers } = await whatGoesAlong(kube, before, policy.onImmutable, { signal });
  return taken.length + strangers.length === 0;
}
