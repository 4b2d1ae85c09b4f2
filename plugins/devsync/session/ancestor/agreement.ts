/** What both sides have agreed on, and how a container that has just started changes what counts as agreed. */
import type { Clock } from '../../../../src/clock.ts';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import type { AlphaBeta, Change, Conflict, Mode } from '../../reconcile/reconcile.ts';
import { difference, type Edit } from '../../reconcile/tree.ts';
import type { AncestorStore } from './ancestor-store.ts';
import type { ImageRecord } from './image-record.ts';
import type { StartUp } from './start-up.ts';
import type { UnansweredOperations } from './unanswered-operations.ts';

export interface AgreementOptions {
  readonly ancestor: AncestorStore;
  /** The container, mount and directory that the ancestor is about. */
  readonly binding: string;
  readonly mode: Mode;
  /** The mode of the first reconciliation, and until a new container has started, where it is another one. */
  readonly firstMode?: Mode | undefined;
  /** Absent where the container started long ago. */
  readonly startUp?: StartUp | undefined;
  /** What is remembered of the container's image. */
  readonly image?: ImageRecord | undefined;
  /** What earlier streams to this container have left unanswered; outlives this one. */
  readonly unanswered?: UnansweredOperations;
  readonly clock: Clock;
  /** Called when the first reconciliation was carried out, as far as it could be. */
  readonly onFirstDone?: () => void;
  /** Told the paths that both sides have come to agree on. */
  readonly onAgreed?: (paths: readonly string[]) => void;
}

export class Agreement {
  readonly #options: AgreementOptions;
  #isFirst = true;

  constructor(options: AgreementOptions) {
    this.#options = options;
  }

  /** What both sides last agreed on. */
  get tree(): MaybeEntry {
    return this.#options.ancestor.tree;
  }

  /** Nothing was reconciled yet. */
  get isFirst(): boolean {
    return this.#isFirst;
  }

  /** The container still writes the files that it is started with. */
  get isStarting(): boolean {
    const { startUp, clock } = this.#options;
    return startUp?.isUnderWay(clock.monotonic()) ?? false;
  }

  /** The mode that holds now. */
  get mode(): Mode {
    const { firstMode, mode } = this.#options;
    return firstMode !== undefined && (this.#isFirst || this.isStarting) ? firstMode : mode;
  }

  record(edits: readonly Edit[]): void {
    if (edits.length === 0) return;
    this.#options.ancestor.record(edits);
    this.#options.image?.found(edits.filter(([, entry]) => entry !== undefined).map(([path]) => path));
    this.#options.onAgreed?.(edits.map(([path]) => path));
  }

  /**
   * Records what the container's tree shows to have been done by operations that were never answered, and what the
   * container has written while it starts. Neither is an edit by a person.
   */
  recordFrom(container: MaybeEntry): void {
    const { unanswered, startUp, clock } = this.#options;
    this.record(unanswered?.done(container, this.tree) ?? []);
    if (startUp === undefined) return;
    const next = startUp.ancestorFor(container, this.tree, clock.monotonic());
    this.record([...difference(this.tree, next)]);
  }

  /** The changes without those that a starting container may still be writing. */
  withoutUnfinished(incoming: readonly Change[]): readonly Change[] {
    const { startUp } = this.#options;
    return startUp === undefined ? incoming : incoming.filter((change) => !startUp.mayBeUnfinished(change));
  }

  /** Takes note of conflicts: at most of their paths this workstation has a version of its own. */
  disagreed(conflicts: readonly Conflict[], local: AlphaBeta): void {
    const here = conflicts.filter((conflict) => conflict[local] !== undefined);
    this.#options.image?.found(here.map(({ path }) => path));
  }

  /** Writes down which of the image's files were found here. */
  saveFound(): void {
    this.#options.image?.save();
  }

  /** A reconciliation was carried out. */
  reconciled(): void {
    this.saveFound();
    if (!this.#isFirst) return;
    this.#isFirst = false;
    this.#options.startUp?.reconciled();
    this.#options.onFirstDone?.();
  }

  /** Writes the ancestor's file anew where it has grown long. */
  compact(): void {
    const { ancestor, binding } = this.#options;
    if (ancestor.isLong) ancestor.begin(binding, ancestor.tree);
  }

  /** Forgets everything: the next reconciliation is a first one. */
  forget(): void {
    this.#options.ancestor.begin(this.#options.binding, undefined);
  }
}
