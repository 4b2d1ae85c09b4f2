/**
 * A sync in which several containers take part: a session for each. One writes back to this workstation; the others are
 * made like it. Sessions begin and end one by one, and leave the others alone.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../../src/errors.ts';
import type { Pod } from '../../../../src/kube/api/objects.ts';
import type { Target } from '../../launch/launcher.ts';
import type { SyncSpec } from '../../spec/spec.ts';
import { SyncMemory } from '../ancestor/sync-memory.ts';
import { CommonWork } from '../attach/common-work.ts';
import { followPods } from '../pods/pods.ts';
import { noContainer } from '../runner/chosen-container.ts';
import { PauseMark } from '../runner/pause-mark.ts';
import type { RunnerOptions } from '../runner/runner-options.ts';
import type { RunnerState, RunningSync, SessionState } from '../runner/runner-state.ts';
import { SyncRunner } from '../runner/sync-runner.ts';
import type { Current } from '../runner/synchronizer-slot.ts';
import { Turn } from '../runner/turn.ts';
import { pausedByYou, type SyncState } from '../status/state.ts';
import { groupState, whyLeftOut } from './group-state.ts';
import { chooseGroup, type GroupTargets, sessionName } from './group-targets.ts';
import { LastWriter } from './last-writer.ts';
import { TargetFeed } from './target-feed.ts';

interface Member {
  readonly role: SessionState['role'];
  readonly target: Target;
  readonly runner: SyncRunner;
  readonly feed: TargetFeed;
  readonly stop: AbortController;
  /** Comes when there is something that it can be made like. */
  readonly turn: Turn;
  /** Resolves when it has let go of both sides. */
  readonly done: Promise<void>;
}

const nobody: GroupTargets = {
  writer: undefined,
  followers: [],
  sharing: [],
  nested: [],
  message: 'looking for pods',
};

export class SyncGroup implements RunningSync {
  readonly #options: RunnerOptions;
  /** By the name of the session. */
  readonly #members = new Map<string, Member>();
  readonly #memories = new Map<string, SyncMemory>();
  #targets = nobody;
  /** The writer's session, once it has brought everything here: followers have something to be made like. */
  #completeFrom: string | undefined;
  readonly #common: CommonWork;
  readonly #pauseMark: PauseMark;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
    this.#pauseMark = new PauseMark(options.folder);
    this.#common = new CommonWork(this.#signal);
  }

  get state(): RunnerState {
    const { writer, sharing, nested, message } = this.#targets;
    const members = [...this.#members.values()].map(({ role, target, runner }) => ({
      role,
      target,
      state: runner.state,
    }));
    const waiting = this.#waiting();
    const state = groupState({ writer, members, waiting, sharing, nested, message });
    if (members.length > 0 || !this.#pauseMark.isSet) return state;
    return { ...state, phase: 'paused', message: pausedByYou };
  }

  get live(): Current | undefined {
    return this.#writer?.runner.live;
  }

  async flush(): Promise<SyncState> {
    // First what comes here, and then what goes from here.
    const writer = this.#writer;
    if (writer === undefined) throw noContainer(this.#targets.message);
    await writer.runner.flush();
    const followers = [...this.#members.values()].filter(
      ({ role, turn }) => role === 'follower' && turn.hasCome,
    );
    await Promise.all(followers.map(({ runner }) => runner.flush()));
    return this.state;
  }

  async pause(): Promise<void> {
    // Also where nobody takes part yet: those that come then begin with nothing.
    this.#pauseMark.set();
    await Promise.all([...this.#members.values()].map(({ runner }) => runner.pause()));
  }

  async resume(confirm: boolean): Promise<void> {
    this.#pauseMark.remove();
    for (const { runner } of this.#members.values()) await runner.resume(confirm);
  }

  async run(): Promise<void> {
    const { kube, namespace, spec, folder, signal, onLog } = this.#options;
    try {
      const last = new LastWriter(folder, onLog);
      await followPods(kube, namespace, spec.target, (pods) => this.#choose(pods, last), this.#signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#ended.abort();
      await Promise.all([...this.#members.values()].map(({ done }) => done));
    }
  }

  get #writer(): Member | undefined {
    return [...this.#members.values()].find(({ role }) => role === 'writer');
  }

  #choose(pods: readonly Pod[], last: LastWriter): void {
    const { spec, onLog } = this.#options;
    const before = this.#targets;
    const members = [...this.#members.values()].map(({ target }) => target);
    this.#targets = chooseGroup(pods, spec.target, spec.remote, { writer: last.part, members });
    const { writer } = this.#targets;
    if (writer) last.note(writer);
    if (this.#targets.message !== before.message) onLog(this.#targets.message);
    const leftOut = (one: GroupTargets) =>
      one.nested.map((nested) => `pod ${nested.target.pod.metadata.name}: ${whyLeftOut(nested)}`);
    const known = new Set(leftOut(before));
    for (const line of leftOut(this.#targets)) if (!known.has(line)) onLog(line);
    this.#apply();
  }

  /** Who is to take part now, by the name of the session. */
  #wanted(): Map<string, Pick<Member, 'role' | 'target'>> {
    const { writer, followers } = this.#targets;
    const { remote } = this.#options.spec;
    const wanted = new Map<string, Pick<Member, 'role' | 'target'>>();
    if (writer) wanted.set(sessionName(writer, remote), { role: 'writer', target: writer });
    for (const target of followers) wanted.set(sessionName(target, remote), { role: 'follower', target });
    return wanted;
  }

  /** Those that have not begun to get ready, as what they had before is let go of yet. */
  #waiting(): Target[] {
    return [...this.#wanted()].filter(([name]) => !this.#members.has(name)).map(([, { target }]) => target);
  }

  /** Ends sessions that are not wanted any more, and begins those that are. */
  #apply(): void {
    if (this.#signal.aborted) return;
    const wanted = this.#wanted();
    for (const [name, member] of this.#members) {
      const one = wanted.get(name);
      if (one?.role === member.role && one.target.pod.metadata.uid === member.target.pod.metadata.uid)
        member.feed.update(one.target);
      else member.stop.abort();
    }
    for (const [name, { role, target }] of wanted)
      if (!this.#members.has(name) && (role === 'writer' || this.#targets.writer))
        this.#begin(name, role, target);
    if (this.#isComplete) this.#letBegin();
  }

  #letBegin(): void {
    for (const { turn } of this.#members.values()) turn.come();
  }

  /**
   * The writer has brought everything here, and is in sync. While it is held, as when LOCAL has vanished, nobody is made
   * like this workstation for the first time.
   */
  get #isComplete(): boolean {
    const { writer } = this.#targets;
    const name = writer && sessionName(writer, this.#options.spec.remote);
    return (
      name !== undefined && this.#completeFrom === name && this.#writer?.runner.state.phase === 'watching'
    );
  }

  #begin(name: string, role: Member['role'], target: Target): void {
    const { spec, folder, onLog } = this.#options;
    const feed = new TargetFeed(target);
    const stop = new AbortController();
    const turn = new Turn();
    if (role === 'writer') turn.come();
    const memory = this.#memories.get(name) ?? new SyncMemory();
    this.#memories.set(name, memory);
    const own = join(folder, 'sessions', name);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const about = `${target.pod.metadata.name}/${target.container}`;
    const runner = new SyncRunner({
      ...this.#options,
      spec: role === 'writer' ? spec : followerSpec(spec),
      folder: own,
      syncFolder: folder,
      follow: feed.follow,
      memory,
      common: this.#common,
      turn,
      ...(role === 'writer' && { onReceived: () => this.#noteComplete(name) }),
      signal: AbortSignal.any([this.#signal, stop.signal]),
      onLog: (line) => onLog(`${about}: ${line}`),
      onState: (state) => this.#noteState(name, role, state),
    });
    const done = runner
      .run()
      .catch((error) => onLog(`${about}: ${messageOf(error)}`))
      .finally(() => {
        this.#members.delete(name);
        this.#apply();
      });
    this.#members.set(name, { role, target, runner, feed, stop, turn, done });
  }

  #noteState(name: string, role: Member['role'], { phase }: RunnerState): void {
    if (role === 'writer' && phase === 'watching') this.#noteComplete(name);
  }

  /** All that the writer has to bring is here: others are made like this workstation beside it. */
  #noteComplete(name: string): void {
    this.#completeFrom = name;
    this.#letBegin();
  }
}

/** A follower is made like this workstation; in one-way-safe, what it made itself is left alone there, too. */
function followerSpec(spec: SyncSpec): SyncSpec {
  const mode = spec.mode === 'one-way-safe' ? spec.mode : 'one-way-replica';
  const { reload, ...rest } = spec;
  // One rollout is enough for all.
  const rules = reload?.rules.filter(({ action }) => action.kind !== 'rollout') ?? [];
  return {
    ...rest,
    mode,
    from: 'local',
    ...(reload && rules.length > 0 && { reload: { ...reload, rules } }),
  };
}
