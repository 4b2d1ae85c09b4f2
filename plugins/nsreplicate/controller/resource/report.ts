/** Writes what is to be said of one resource into its status, and its turns as Events. */
import { isDeepStrictEqual } from 'node:util';
import { SerialQueue } from '../../../../src/async/serial-queue.ts';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import { isConflict, isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { conditionOf } from '../../../../src/kube/api/conditions.ts';
import type { Event } from '../../../../src/kube/api/objects.ts';
import { apiVersionOf, events } from '../../../../src/kube/api/resources.ts';
import { conditionsOf, lagOf, type Standing } from './conditions.ts';
import { krmSyncers, type SyncerObject, type SyncerStatus } from './resource.ts';

export interface ReporterOptions {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly warn: (text: string) => void;
}

/** What is told at a time. */
export interface Told {
  readonly standing: Standing;
  readonly task: string | undefined;
  readonly mode?: 'push' | 'pull' | undefined;
  readonly notes: readonly string[];
}

export class SyncerReporter {
  readonly #options: ReporterOptions;
  /** One write at a time, each of what is told last. */
  readonly #turn = new SerialQueue();
  #written: Partial<SyncerStatus>;
  #next: { object: SyncerObject; told: Told } | undefined;

  /** @param status what was said before, by this controller or by another one */
  constructor(options: ReporterOptions, status: Partial<SyncerStatus> = {}) {
    this.#options = options;
    this.#written = status;
  }

  /** Says how a resource stands; what is said already is not written again. */
  tell(object: SyncerObject, told: Told): Promise<void> {
    this.#next = { object, told };
    return this.#turn.run(() => this.#write());
  }

  async #write(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    if (!next) return;
    const status = this.#statusOf(next.object, next.told);
    if (isDeepStrictEqual(status, this.#written)) return;
    const before = this.#written;
    try {
      await this.#patch(next.object, status);
      this.#written = status;
    } catch (error) {
      // It is gone, or another one of the same name.
      if (isNotFound(error) || isConflict(error)) return;
      this.#options.warn(`its status can't be written: ${messageOf(error)}`);
      return;
    }
    await this.#tellTurn(next.object, before, status);
  }

  #statusOf(object: SyncerObject, { standing, task, mode, notes }: Told): SyncerStatus {
    const { clock } = this.#options;
    const generation = object.metadata.generation ?? 0;
    const context = { generation, notes, before: this.#written.conditions ?? [], now: clock.now() };
    const work = standing.is === 'working' ? standing.work : undefined;
    return {
      observedGeneration: generation,
      conditions: conditionsOf(standing, context),
      ...(mode && { mode }),
      suspended: standing.is === 'suspended',
      // What was found once stays, whoever asks again and gets no answer.
      ...((task ?? this.#written.task) && { task: task ?? this.#written.task }),
      ...(work && { objects: work.objects, pending: work.pending, lag: lagOf(work) }),
    };
  }

  /** What is not said any more goes: a merge patch leaves what it does not name. */
  async #patch({ metadata }: SyncerObject, status: SyncerStatus): Promise<void> {
    const { namespace, name, uid } = metadata;
    const blank = { mode: null, objects: null, pending: null, lag: null };
    const patch = { metadata: { uid }, status: { ...blank, ...status } };
    await this.#options.kube.patch(krmSyncers, { namespace, name }, patch, {
      type: 'merge',
      subresource: 'status',
    });
  }

  /** An Event where `Ready` has another reason than before. */
  async #tellTurn(object: SyncerObject, before: Partial<SyncerStatus>, now: SyncerStatus): Promise<void> {
    const [was, is] = [before, now].map((status) => conditionOf({ status }, 'Ready'));
    if (!is || is.reason === was?.reason || is.reason === 'Starting') return;
    const isGood =
      is.status === 'True' || ['Suspended', 'Comparing', 'Paused', 'DeletingCopies'].includes(is.reason);
    const { kube, clock, warn } = this.#options;
    const event = eventOf(object, isGood ? 'Normal' : 'Warning', is.reason, is.message, clock.now());
    await kube.create(events, event).catch((error: unknown) => {
      if (!isNotFound(error)) warn(`an Event can't be written: ${messageOf(error)}`);
    });
  }
}

function eventOf(
  { metadata: { namespace = '', name, uid = '' } }: SyncerObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  now: Date,
): Event {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  const { kind } = krmSyncers;
  return {
    metadata: { namespace, name: `${name}.${now.getTime().toString(16)}${uid.slice(0, 4)}` },
    involvedObject: { apiVersion: apiVersionOf(krmSyncers), kind, namespace, name, uid },
    type,
    reason,
    message: message.slice(0, 1024),
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component: 'nsreplicate-controller' },
    reportingComponent: 'x8s.dev/nsreplicate-controller',
  } as Event;
}
