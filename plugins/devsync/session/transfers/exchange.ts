/** Carries changes out on both sides at once. */
import type { Clock } from '../../../../src/clock.ts';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import type { Operation, OperationResult } from '../../reconcile/operations.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import type { Edit } from '../../reconcile/tree.ts';
import type { Endpoint, KeepingEndpoint } from '../../sync/endpoint.ts';
import type { UnansweredOperations } from '../ancestor/unanswered-operations.ts';
import type { Activity } from '../status/activity.ts';
import type { Side } from '../status/state.ts';
import { backUpContainer } from './back-up-container.ts';
import { DeltaBases } from './delta-bases.ts';
import type { ContentsSource } from './shared-contents.ts';
import { type Onlooker, transferChanges } from './transfer.ts';

export interface ExchangeOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What earlier streams to this container have left unanswered. */
  readonly unanswered?: UnansweredOperations;
  readonly onAgreed: (edits: readonly Edit[]) => void;
  /** Where other sessions send the same contents of this workstation. */
  readonly shared?: ContentsSource | undefined;
  /** Told what is under way, for who looks on. */
  readonly activity?: Activity;
  /** Told what was carried out. */
  readonly onArrived?: (batch: readonly Operation[]) => void;
  /** Told how many operations were done, by the side that they were done on. */
  readonly onDone: (to: Side, operations: number) => void;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #bases = { local: new DeltaBases(), container: new DeltaBases() };
  #operation = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** @param ancestor what both sides agreed on. @param isAnnounced whoever looks on was told how much it is. */
  async run(
    changes: Readonly<Record<Side, readonly Change[]>>,
    ancestor: MaybeEntry,
    isAnnounced = false,
  ): Promise<Record<Side, OperationResult[]>> {
    const { local, container, signal } = this.#options;
    const name = this.operationName();
    const foreign = { local, container, ancestor, signal };
    const safe = await backUpContainer(changes.container, { ...foreign, name: `${name}-container` });
    const [toContainer, toLocal] = await Promise.all([
      this.#carry(safe.changes, 'container', name, isAnnounced),
      this.#carry(changes.local, 'local', name, isAnnounced),
    ]);
    return { local: toLocal, container: [...safe.refused, ...toContainer] };
  }

  #carry(
    changes: readonly Change[],
    side: Side,
    name: string,
    isAnnounced: boolean,
  ): Promise<OperationResult[]> {
    if (changes.length === 0) return Promise.resolve([]);
    const { signal, local, container, onAgreed: onLearned, onDone } = this.#options;
    const [from, to] = side === 'local' ? [container, local] : [local, container];
    const { unanswered, shared } = side === 'container' ? this.#options : {};
    return transferChanges(changes, {
      from,
      to,
      name,
      bases: this.#bases[side],
      signal,
      shared,
      onSent: (operations) => unanswered?.sent(operations),
      onAnswered: (operations, results) => unanswered?.answered(operations, results),
      onAgreed: onLearned,
      onDone: (operations) => onDone(side, operations),
      onlooker: this.#onlooker(side, isAnnounced),
    });
  }

  #onlooker(to: Side, isAnnounced: boolean): Onlooker {
    const { activity, onArrived } = this.#options;
    return {
      planned: (total) => (isAnnounced ? undefined : activity?.planned(total)) ?? (() => {}),
      began: (batch) => activity?.began(to, batch),
      sent: (digest, length, bytes) => activity?.sent(to, digest, length, bytes),
      arrived: (batch, results, bytes) => {
        activity?.arrived(to, batch, results, bytes);
        onArrived?.(batch);
      },
    };
  }

  /** Names what goes into the trash. Sorts by time. */
  operationName(): string {
    const time = this.#options.clock.now().toISOString().slice(0, 19).replaceAll(':', '-');
    return `${time}-${String(this.#operation++).padStart(4, '0')}`;
  }
}
