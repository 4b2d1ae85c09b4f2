/**
 * Throttles large files that change all the time, such as a log or a database. Each version would be sent as a whole and
 * be outdated before it arrives, so the pauses between two versions grow.
 */
import type { Clock } from '../../../../src/clock.ts';
import { formatDuration } from '../../../../src/ui/format.ts';
import type { Change } from '../../reconcile/reconcile.ts';

/** Files from this size on are throttled, in bytes. */
const large = 256 << 10;
/** So many versions in a row go without waiting: a person saves again now and then. */
const free = 3;
/** Milliseconds between two versions after that: ever longer. */
const [first, last] = [1000, 30_000];
/** Milliseconds without another version, beyond those that it has to wait anyway, after which a file counts as calm. */
const calm = 10_000;

interface FileVersions {
  readonly versions: number;
  /** Of the last one. */
  readonly digest: string;
  /** Monotonic milliseconds from which on the next one may be sent. */
  readonly next: number;
}

export class LargeFileThrottle {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onDue: () => void;
  readonly #files = new Map<string, FileVersions>();
  #waiting: readonly string[] = [];
  #sending: readonly Change[] = [];
  #isPlanned = false;

  /** @param onDue called when something that had to wait may be sent. */
  constructor(clock: Clock, signal: AbortSignal, onDue: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onDue = onDue;
  }

  /** What waits, for a person; empty where nothing does. */
  get words(): string {
    const [path, ...more] = this.#waiting;
    if (path === undefined) return '';
    const others = more.length > 0 ? ` and ${more.length} more` : '';
    const due = formatDuration(Math.max(0, this.#nextDue - this.#clock.monotonic()));
    return `${path}${others}: large, and changes all the time; the next version goes in ${due}`;
  }

  /** Whether a version of a file has to wait, as there were so many of it. */
  isWaiting(path: string): boolean {
    return this.#waiting.includes(path);
  }

  /** Whether another version of a file may be sent now. */
  mayGo(path: string): boolean {
    return (this.#files.get(path)?.next ?? 0) <= this.#clock.monotonic();
  }

  /** The changes that may be carried out now; those that were asked for by a person all may. */
  due<K extends string>(
    changes: Readonly<Record<K, readonly Change[]>>,
    isAsked: boolean,
  ): Record<K, readonly Change[]> {
    const now = this.#clock.monotonic();
    const mayGo = (change: Change) =>
      isAsked || !isLargeVersion(change) || (this.#files.get(change.path)?.next ?? 0) <= now;
    const sides = Object.entries(changes) as [K, readonly Change[]][];
    const all = sides.flatMap(([, list]) => list);
    this.#waiting = all.filter((change) => !mayGo(change)).map(({ path }) => path);
    this.#sending = all.filter(mayGo);
    if (this.#waiting.length > 0) this.#plan(now);
    const due: Record<K, readonly Change[]> = { ...changes };
    for (const [side, list] of sides) due[side] = list.filter(mayGo);
    return due;
  }

  /**
   * These changes were sent, whatever came of them; all that were due where they are not named. A version that is tried
   * again, as the disk was full, is no other version.
   */
  sent(changes: readonly Change[] = this.#sending): void {
    const now = this.#clock.monotonic();
    for (const [path, { next }] of this.#files) if (now > next + calm) this.#files.delete(path);
    for (const { path, new: version } of changes.filter(isLargeVersion)) {
      const before = this.#files.get(path);
      const digest = version?.kind === 'file' ? version.digest : '';
      if (before?.digest === digest) continue;
      const versions = (before?.versions ?? 0) + 1;
      const pause = versions < free ? 0 : Math.min(first * 2 ** (versions - free), last);
      this.#files.set(path, { versions, digest, next: now + pause });
    }
    this.#sending = [];
  }

  get #nextDue(): number {
    return Math.min(...this.#waiting.map((path) => this.#files.get(path)?.next ?? 0));
  }

  #plan(now: number): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.sleep(Math.max(1, this.#nextDue - now), this.#signal).then(
      () => {
        this.#isPlanned = false;
        this.#onDue();
      },
      () => {},
    );
  }
}

/** Another version of a file that is large. */
const isLargeVersion = ({ old, new: wanted }: Change): boolean =>
  old?.kind === 'file' && wanted?.kind === 'file' && wanted.size >= large && wanted.digest !== old.digest;
