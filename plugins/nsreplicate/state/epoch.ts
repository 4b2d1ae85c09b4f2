/**
 * The epoch of a task: raised by each promotion, and kept on every cluster that takes part. Only the cluster that the
 * newest one names may be the primary; a task of another primary is fenced and writes nothing. Where two clusters were
 * promoted that could not see each other, both epochs have the same number, and both tasks are fenced.
 */
import { GrowingPauses } from '../../../src/async/back-off.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { messageOf, RefusedError, UnreachableError, X8sError } from '../../../src/errors.ts';
import { isForbidden, mayPass } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { isOtherByNow, untilNotOvertaken } from '../../../src/kube/api/overtaken.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { ensureStateNamespace, metadataOf } from './task-objects.ts';

export interface Epoch {
  /** 1 is the first promotion. */
  readonly number: number;
  /** UID of the kube-system namespace of the cluster that was promoted. */
  readonly leader: string;
  /** What the person who promoted it called it. */
  readonly leaderName: string;
  /** RFC 3339. */
  readonly raisedAt: string;
}

/** The newest of some clusters' epochs. */
export interface NewestEpoch extends Epoch {
  /**
   * What another cluster is called that was promoted to the same number, since neither promotion could see the other.
   * Which of them leads is not known until one is promoted again.
   */
  readonly rival?: string;
}

/** The epoch that a cluster knows of; undefined where it knows of no promotion. */
export async function readEpoch(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<Epoch | undefined> {
  const { namespace, name } = metadataOf(task, 'epoch');
  const object = await kube.find(configMaps, { namespace, name }, call);
  return object && parse(object);
}

/** Between attempts to write an epoch: whoever was quicker may be a controller that writes again at once. */
const pause = { firstMs: 100, mostMs: 2000 };

/**
 * Writes an epoch to a cluster, unless it knows of that one or a newer one. Returns what it knows then.
 * @throws {X8sError} something else writes there all the time, or the server says so to each attempt
 */
export async function raiseEpoch(
  kube: KubeClient,
  task: string,
  epoch: Epoch,
  { clock = systemClock, ...call }: CallOptions & { readonly clock?: Clock | undefined } = {},
): Promise<Epoch> {
  const metadata = metadataOf(task, 'epoch');
  const { namespace, name } = metadata;
  const data = { ...epoch, number: String(epoch.number) };
  const attempt = async (): Promise<Epoch> => {
    const object = await kube.find(configMaps, { namespace, name }, call);
    const known = object && parse(object);
    if (known && known.number >= epoch.number) return known;
    if (object) await kube.replace(configMaps, { ...object, data }, call);
    else {
      await ensureStateNamespace(kube, call);
      await kube.create(configMaps, { metadata, data }, call);
    }
    return epoch;
  };
  const pauses = new GrowingPauses(pause, clock);
  const how = { isOvertaken: isOtherByNow, pause: () => pauses.wait(call.signal) };
  return untilNotOvertaken(attempt, how).catch((cause: unknown) => {
    if (!isOtherByNow(cause)) throw cause;
    const text = `epoch ${epoch.number} can't be written to ConfigMap ${namespace}/${name}: each attempt was overtaken`;
    const hint = 'See what else writes there, by its managedFields, or refuses with 409, as a webhook may.';
    throw new X8sError(text, { details: [messageOf(cause)], hint, cause });
  });
}

/** The newest of some clusters' epochs; undefined where none knows of a promotion. */
export const newestOf = (epochs: Iterable<NewestEpoch | undefined>): NewestEpoch | undefined =>
  [...epochs].reduce(newerOf, undefined);

function newerOf(one: NewestEpoch | undefined, other: NewestEpoch | undefined): NewestEpoch | undefined {
  if (!one || !other) return one ?? other;
  if (one.number !== other.number) return one.number > other.number ? one : other;
  return one.leader === other.leader ? one : { ...one, rival: other.leaderName };
}

/** The newest epoch that any of some clusters knows, as far as they let it be read. */
export async function readNewestEpoch(
  kubes: readonly KubeClient[],
  task: string,
  call: CallOptions = {},
): Promise<NewestEpoch | undefined> {
  const unreadable = (error: unknown) => {
    if (!isForbidden(error) && !mayPass(error) && !(error instanceof UnreachableError)) throw error;
    return undefined;
  };
  return newestOf(await Promise.all(kubes.map((kube) => readEpoch(kube, task, call).catch(unreadable))));
}

/** Why a task may not write; undefined where it may. */
export function fencedBy(
  epoch: NewestEpoch | undefined,
  task: string,
  primary: { readonly name: string; readonly id: string },
): RefusedError | undefined {
  if (epoch?.rival !== undefined)
    return new RefusedError(
      `Task ${task} is fenced: ${epoch.leaderName} and ${epoch.rival} were both promoted (epoch ${epoch.number}) while neither could see the other, and only one of them may lead.`,
      {
        hint: 'Compare them, and `promote` once more the one that is to lead; `demote` then makes the other one its standby.',
      },
    );
  if (!epoch || epoch.leader === primary.id) return undefined;
  return new RefusedError(
    `Task ${task} is fenced: ${epoch.leaderName} was promoted at ${epoch.raisedAt} (epoch ${epoch.number}), so copies of ${primary.name} are written no more.`,
    { hint: 'See `failover status`. To copy from the new primary: `demote` makes this one its standby.' },
  );
}

function parse({ data = {}, metadata }: ConfigMap): Epoch {
  const { leader = '', leaderName = '', raisedAt = '' } = data;
  const number = Number(data.number);
  if (Number.isSafeInteger(number) && number > 0 && leader !== '')
    return { number, leader, leaderName, raisedAt };
  throw new RefusedError(
    `ConfigMap ${metadata.namespace}/${metadata.name} holds no epoch that can be read.`,
    {
      hint: 'Nothing is written until it does. Another version of this plugin may have written it: update this one.',
    },
  );
}
