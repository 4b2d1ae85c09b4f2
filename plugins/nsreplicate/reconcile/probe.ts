/** Asks a replica, by a dry run, what it would make of an object that is new to it. */
import { ApiError } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import type { Difference } from '../decide/differences.ts';
import { droppedFrom, fieldDriftOf, type NotTaken, notTakenOf } from '../decide/field-drift.ts';
import { fieldManager } from '../decide/spec.ts';
import { cloneJson, type Draft, items } from '../objects/draft.ts';
import type { SanitiseContext } from '../objects/sanitise.ts';

export type Probe =
  /** What it would make of it; undefined where it has nothing against it but its name. */
  | { readonly is: 'taken'; readonly object: KubeObject | undefined }
  /** It would not take it as a new object either. */
  | { readonly is: 'refused'; readonly error: ApiError }
  /** It can't be asked: a webhook has side effects, as a rule. */
  | { readonly is: 'unknown' };

/** What is lost is told by comparing, and needs no warning. */
const asTrial = { dryRun: true, fieldManager, fieldValidation: 'Ignore' } as const;

/** A server gives each port of a node to one Service: to ask for one that is given would tell of nothing else. */
function withoutPorts(draft: Draft): Draft {
  if (draft.kind !== 'Service') return draft;
  for (const port of items(draft, 'spec', 'ports')) delete port.nodePort;
  return draft;
}

/** Creates an object under another name, as a dry run. */
export async function probe(
  kube: KubeClient,
  resource: Resource,
  main: Draft,
  call: CallOptions,
): Promise<Probe> {
  const draft = withoutPorts(cloneJson(main));
  draft.metadata.name = `${main.metadata.name.slice(0, 40)}-x8s-probe`;
  try {
    const object = await kube.create(resource, draft as KubeObject, { ...call, ...asTrial });
    return { is: 'taken', object: { ...object, metadata: { ...object.metadata, name: main.metadata.name } } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (![403, 422].includes(error.code)) return { is: 'unknown' };
    // What is wrong with the probe's own name is not wrong with the object.
    const causes = error.status?.details?.causes ?? [];
    const isAboutName = causes.length > 0 && causes.every(({ field }) => field === 'metadata.name');
    return isAboutName ? { is: 'taken', object: undefined } : { is: 'refused', error };
  }
}

/**
 * The fields that a server would drop from an object, or from the object there where it is a part. None where it can't be
 * asked. Other verbs than an apply drop what the server does not know, where an apply fails altogether.
 */
export async function droppedFields(
  kube: KubeClient,
  resource: Resource,
  draft: Draft,
  { subresource, ...call }: CallOptions & { readonly subresource?: string },
): Promise<string[]> {
  const found = subresource ? undefined : await probe(kube, resource, draft, call);
  if (found?.is === 'taken' && found.object) return droppedFrom(draft, found.object);
  const { name, namespace } = draft.metadata;
  const how = { ...call, ...asTrial, type: 'merge', ...(subresource ? { subresource } : {}) } as const;
  const patched = kube.patch(resource, { name, namespace }, draft, how).catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    return undefined;
  });
  const object = await patched;
  return object ? droppedFrom(draft, object) : [];
}

/** What was applied, and to what. */
export interface Asked {
  readonly resource: Resource;
  readonly main: Draft;
  /** What shaped the copy. */
  readonly context: SanitiseContext;
}

const MOST_EXPLAINED = 1000;

/** Tells what a replica makes of every new object from what it did not take of one. */
export class Probes {
  readonly #kube: KubeClient;
  /** Kept, since a server of another version does the same to every object. */
  readonly #explained = new Set<string>();

  constructor(kube: KubeClient) {
    this.#kube = kube;
  }

  /**
   * The fields that the replica did not take, by name. Where it can't be asked what it makes of a new object, those alone
   * that are not there.
   * @param rest how what it has differs from what was applied, what others wrote aside
   * @param isNew nothing was there before: so all but what is lacking came of defaults and webhooks
   */
  async notTaken(
    asked: Asked,
    rest: readonly Difference[],
    isNew: boolean,
    call: CallOptions,
  ): Promise<NotTaken> {
    const { kind, metadata } = asked.main;
    const nameOf = (one: Difference) => `${kind} ${metadata.namespace} ${JSON.stringify(one)}`;
    const unexplained = rest.filter((one) => !this.#explained.has(nameOf(one)));
    if (unexplained.length === 0 || isNew) return notTakenOf(unexplained);
    const found = await probe(this.#kube, asked.resource, asked.main, call);
    if (found.is !== 'taken' || !found.object) return notTakenOf(unexplained);
    const made = fieldDriftOf(asked.main, found.object, fieldManager, asked.context).rest;
    for (const one of made)
      if (one.how !== 'missing' && this.#explained.size < MOST_EXPLAINED) this.#explained.add(nameOf(one));
    return notTakenOf(unexplained, made);
  }
}
