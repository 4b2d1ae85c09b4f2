/**
 * When each rule reloads: after files that match its pattern have arrived in the container, at most once in an interval,
 * one reload at a time, and no more once the reloads cause each other. No I/O and no clock.
 */
import { type MaybeEntry, sameShallow } from '../reconcile/entry.ts';
import { type ReloadRule, type ReloadSpec, ruleText } from '../spec/reload-spec.ts';
import { isIgnoredWithin } from '../sync/ignore/ignore.ts';

/** A path that was changed in the container. */
export interface AppliedPath {
  readonly path: string;
  /** What is there now; undefined: it was deleted. */
  readonly entry: MaybeEntry;
  /** It replaced a change that was made in the container. */
  readonly isRevert: boolean;
}

export interface DueReload {
  readonly index: number;
  readonly rule: ReloadRule;
  /** What triggered it. */
  readonly applied: readonly AppliedPath[];
}

/** So many reloads in a row that were caused by the one before are a loop. */
const loopLimit = 5;
/** A change that follows a change by the container so soon, on the same paths as before, counts as caused by it. */
const echoTime = 2_000;

interface RuleState {
  readonly rule: ReloadRule;
  readonly matches: (path: string) => boolean;
  pending: Map<string, AppliedPath>;
  /** What an earlier container, or an earlier stream, has not reloaded: it waits until it is known to be there. */
  readonly kept: Map<string, AppliedPath>;
  /** When the first pending path arrived. */
  since: number;
  isRunning: boolean;
  /** When the last reload began; undefined: there was none. */
  began: number | undefined;
  /** The paths that triggered the last reload. */
  lastPaths: string;
  /** Of a rule that begins containers: what was put where in them. */
  readonly put: Map<string, MaybeEntry>;
  /** Reloads in a row that were caused by the one before. */
  echoes: number;
  stopped: string | undefined;
}

export class ReloadSchedule {
  readonly #every: number;
  readonly #rules: RuleState[];
  /** Paths that the container has changed since a rule's last reload began, for every rule. */
  #fromContainer = new Map<string, number>();
  #lastFromContainer = Number.NEGATIVE_INFINITY;

  constructor({ rules, every }: Pick<ReloadSpec, 'rules' | 'every'>) {
    this.#every = every;
    this.#rules = rules.map((rule) => ({
      rule,
      matches: matcherOf(rule.pattern),
      pending: new Map(),
      kept: new Map(),
      since: 0,
      isRunning: false,
      began: undefined,
      lastPaths: '',
      put: new Map(),
      echoes: 0,
      stopped: undefined,
    }));
  }

  /** These paths were changed in the container. @param now monotonic milliseconds, here and below. */
  applied(paths: readonly AppliedPath[], now: number): void {
    for (const state of this.#rules)
      for (const one of paths) if (state.matches(one.path)) add(state, one, now);
  }

  /** These paths are in a container that has begun, or has been reached again: what was kept of them is reloaded now. */
  arrivedAgain(paths: readonly AppliedPath[], now: number): void {
    for (const state of this.#rules)
      for (const one of paths) if (state.kept.has(one.path)) add(state, one, now);
  }

  /** What waits until it is known to be in the container. */
  get kept(): AppliedPath[] {
    return this.#rules.flatMap(({ kept }) => [...kept.values()]);
  }

  /** What was taken could not be asked for: the stream is gone. */
  giveBack({ index, applied }: DueReload): void {
    const state = this.#rules[index];
    if (state) keep(state, applied);
  }

  /** The container has changed these paths by itself, as a reload may make it do. */
  received(paths: readonly string[], now: number): void {
    for (const path of paths) this.#fromContainer.set(path, now);
    if (paths.length > 0) this.#lastFromContainer = now;
  }

  /** The reloads that begin now. One that completes a loop is stopped instead. */
  take(now: number): DueReload[] {
    const due = this.#rules.flatMap((state, index) => {
      if (!isReady(state) || this.#dueAt(state) > now) return [];
      const applied = [...state.pending.values()];
      state.pending = new Map();
      this.#countEchoes(state, applied);
      if (state.echoes >= loopLimit) {
        state.stopped = `it was caused by itself ${loopLimit} times in a row (${namesOf(applied)})`;
        return [];
      }
      Object.assign(state, { isRunning: true, began: now, lastPaths: keyOf(applied) });
      return [{ index, rule: state.rule, applied }];
    });
    this.#forgetOld();
    return due;
  }

  /** When the next reload is due; undefined: none is waiting. */
  get nextDue(): number | undefined {
    const times = this.#rules.filter(isReady).map((state) => this.#dueAt(state));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /**
   * Another container begins. What is waiting is kept until it is there as well, but for what its beginning has done.
   *
   * @param isSamePod it was started again in its pod.
   */
  begin(isSamePod: boolean): void {
    for (const state of this.#rules) {
      keep(state, state.pending.values());
      state.pending = new Map();
      if (state.rule.action.kind === (isSamePod ? 'restart' : 'rollout')) state.kept.clear();
      // A restart has made no other pod.
      if (!isSamePod && state.rule.action.kind === 'restart') state.put.clear();
    }
  }

  /** A reload has ended, whatever came of it. */
  ended(index: number): void {
    const state = this.#rules[index];
    if (state) state.isRunning = false;
  }

  /** Why a rule does not reload any more; undefined: it does. */
  stopped(index: number): string | undefined {
    return this.#rules[index]?.stopped;
  }

  /** Rules that were stopped reload again. */
  resume(): void {
    for (const state of this.#rules) Object.assign(state, { stopped: undefined, echoes: 0 });
  }

  #dueAt({ began, since }: RuleState): number {
    return began === undefined ? since : Math.max(since, began + this.#every);
  }

  #countEchoes(state: RuleState, applied: readonly AppliedPath[]): void {
    const { began } = state;
    if (began === undefined) return;
    const isAnswer = ({ path, isRevert }: AppliedPath) =>
      isRevert || (this.#fromContainer.get(path) ?? Number.NEGATIVE_INFINITY) >= began;
    const follows = this.#lastFromContainer >= began && state.since - this.#lastFromContainer <= echoTime;
    const isEcho = applied.every(isAnswer) || (follows && keyOf(applied) === state.lastPaths);
    state.echoes = isEcho ? state.echoes + 1 : 0;
  }

  /** Only changes since the oldest of the last reloads can be their effect. */
  #forgetOld(): void {
    const began = this.#rules.map((state) => state.began ?? Number.POSITIVE_INFINITY);
    const oldest = Math.min(...began);
    for (const [path, at] of this.#fromContainer) if (at < oldest) this.#fromContainer.delete(path);
  }
}

function add(state: RuleState, one: AppliedPath, now: number): void {
  if (state.pending.size === 0) state.since = now;
  state.pending.set(one.path, isPutBack(state, one) ? { ...one, isRevert: true } : one);
  state.kept.delete(one.path);
  if (beginsContainers(state)) state.put.set(one.path, one.entry);
}

/** What has arrived since is newer. */
function keep({ kept, pending }: RuleState, applied: Iterable<AppliedPath>): void {
  for (const one of applied) if ((pending.get(one.path) ?? one) === one) kept.set(one.path, one);
}

const isReady = ({ pending, isRunning, stopped }: RuleState) =>
  pending.size > 0 && !isRunning && stopped === undefined;

const beginsContainers = ({ rule: { action } }: RuleState) =>
  action.kind === 'restart' || action.kind === 'rollout';

/**
 * Whether the same is put there once more: the container that the rule has begun cleared it, or made something else of it,
 * and nothing has changed here.
 */
const isPutBack = ({ put }: RuleState, { path, entry }: AppliedPath) =>
  put.has(path) && sameShallow(put.get(path), entry);

const keyOf = (applied: readonly AppliedPath[]) =>
  applied
    .map(({ path }) => path)
    .sort()
    .join('\0');

/** A few of the paths. */
export function namesOf(applied: readonly Pick<AppliedPath, 'path'>[]): string {
  const names = applied.slice(0, 3).map(({ path }) => path || '.');
  return applied.length > 3 ? `${names.join(', ')} and ${applied.length - 3} more` : names.join(', ');
}

function matcherOf(pattern: string): (path: string) => boolean {
  const isMatch = isIgnoredWithin({ lists: [{ base: '', patterns: pattern }], vcs: false });
  return (path) => isMatch(path, false);
}

/** A rule as a person wrote it. */
export const nameOf = ({ rule }: DueReload): string => ruleText(rule);
