/** Carries out the reload rules of a sync, beside the sync: what fails or takes long holds up no file. */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { AgentConnection } from '../launch/agent-connection.ts';
import type { Launched, Target } from '../launch/launcher.ts';
import type { openStartupGate, StartupGate } from '../launch/startup-gate.ts';
import { sameShallow } from '../reconcile/entry.ts';
import { lookup } from '../reconcile/tree.ts';
import { type ReloadAction, type ReloadSpec, ruleText } from '../spec/reload-spec.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import { type ActionContext, type ActionResult, runAction } from './actions.ts';
import { type AppliedPath, type DueReload, namesOf, ReloadSchedule } from './schedule.ts';

/** What a rule is doing; plain data, for people and for JSON. */
export interface ReloadState {
  /** As a person wrote it. */
  readonly rule: string;
  /** `stopped`: it caused itself again and again. */
  readonly phase: 'idle' | 'running' | 'failed' | 'stopped';
  /** How the last one ended, or why it was stopped. */
  readonly message: string;
  readonly runs: number;
  /** Of a command. */
  readonly exitCode?: number | undefined;
  /** ISO time of the beginning of the last one. */
  readonly lastRun?: string;
}

/** The container that is worked with. */
export interface ReloadTarget {
  readonly target: Target;
  readonly connection: AgentConnection;
  readonly container: Pick<Endpoint, 'tree' | 'refresh'>;
  readonly survivesRestart: boolean;
  /** How the agent was started. */
  readonly launcher: Launched['launcher'];
}

export interface ReloaderOptions {
  readonly spec: ReloadSpec;
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onLog: (line: string) => void;
  readonly onState: (reloads: readonly ReloadState[]) => void;
  /** Told what holds back programs of containers that begin from now on; undefined: nothing does any more. */
  readonly onGate: (gate: StartupGate | undefined) => void;
  readonly openGate?: typeof openStartupGate;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #schedule: ReloadSchedule;
  #states: ReloadState[];
  #target: ReloadTarget | undefined;
  #containerId = '';
  #podId: string | undefined;
  #isPlanned = false;
  #restarting: Promise<ActionResult> | undefined;
  /** Settled when a container is in sync, by its id. */
  readonly #synced = new Map<string, PromiseWithResolvers<string>>();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#schedule = new ReloadSchedule(options.spec);
    this.#states = options.spec.rules.map((rule) => ({
      rule: ruleText(rule),
      phase: 'idle',
      message: '',
      runs: 0,
    }));
  }

  /** Works with this container from now on. What an earlier one has not reloaded yet is reloaded once it is here, too. */
  attach(target: ReloadTarget): void {
    const { containerId, pod } = target.target;
    if (containerId !== this.#containerId) {
      this.#schedule.begin(pod.metadata.uid === this.#podId);
      this.#synced.delete(this.#containerId);
    }
    [this.#target, this.#containerId, this.#podId] = [target, containerId, pod.metadata.uid];
    this.#begin();
    void this.#recall(target);
  }

  /** What was kept, and is there: on a volume, or on the same container's layer. */
  async #recall(target: ReloadTarget): Promise<void> {
    if (this.#schedule.kept.length === 0) return;
    const isAnswered = await isAsked(target);
    if (this.#target !== target) return;
    if (!isAnswered) return this.#recallLater(target);
    const there = this.#schedule.kept.filter((one) => isThere(target, one));
    this.#schedule.arrivedAgain(there, this.#options.clock.monotonic());
    this.#begin();
  }

  /** What can be synced with the container is. @param undone what cannot, in words; empty: nothing. */
  inSync(undone: string): void {
    this.#syncOf(this.#containerId).resolve(undone);
  }

  #syncOf(containerId: string): PromiseWithResolvers<string> {
    const known = this.#synced.get(containerId) ?? Promise.withResolvers<string>();
    this.#synced.set(containerId, known);
    return known;
  }

  /** The stream is gone: what has not reloaded yet waits for the next one. */
  detach(): void {
    this.#target = undefined;
  }

  /**
   * Files were changed in the container, and by the container.
   *
   * @param isQuiet a first sync has brought them: only what has waited since before reloads.
   */
  applied(sent: readonly AppliedPath[], received: readonly string[], isQuiet = false): void {
    const now = this.#options.clock.monotonic();
    if (isQuiet) this.#schedule.arrivedAgain(sent, now);
    else this.#schedule.applied(sent, now);
    this.#schedule.received(received, now);
    this.#begin();
  }

  /** Rules that were stopped reload again. */
  resume(): void {
    this.#schedule.resume();
    for (const [index, { phase }] of this.#states.entries())
      if (phase === 'stopped') this.#update(index, { phase: 'idle', message: '' });
    this.#begin();
  }

  /** Begins what is due, and comes back when the next one is. */
  #begin(): void {
    const { clock } = this.#options;
    if (this.#target === undefined) return;
    for (const due of this.#schedule.take(clock.monotonic())) void this.#run(due);
    for (const [index, { phase }] of this.#states.entries()) {
      const why = this.#schedule.stopped(index);
      if (why !== undefined && phase !== 'stopped') this.#stop(index, why);
    }
    this.#plan();
  }

  #plan(): void {
    const { clock, signal } = this.#options;
    const next = this.#schedule.nextDue;
    if (next === undefined || this.#isPlanned || signal.aborted) return;
    this.#isPlanned = true;
    clock.sleep(Math.max(1, next - clock.monotonic()), signal).then(
      () => {
        this.#isPlanned = false;
        this.#begin();
      },
      () => {},
    );
  }

  #stop(index: number, why: string): void {
    this.#update(index, { phase: 'stopped', message: why });
    const rule = this.#states[index]?.rule;
    this.#options.onLog(`reload ${rule} was stopped: ${why}; resume lets it reload again`);
  }

  async #run(due: DueReload): Promise<void> {
    const { index } = due;
    try {
      const target = this.#target;
      if (!target || !(await isAsked(target))) this.#giveBack(due, target);
      else if (due.applied.some((one) => isThere(target, one))) await this.#reload(due, target);
    } finally {
      this.#schedule.ended(index);
      this.#begin();
    }
  }

  #giveBack(due: DueReload, asked: ReloadTarget | undefined): void {
    this.#schedule.giveBack(due);
    if (!this.#target) return;
    // Another stream may have begun meanwhile, and has found nothing kept.
    if (this.#target === asked) this.#recallLater(asked);
    else void this.#recall(this.#target);
  }

  /** A stream that stands may answer the next time. */
  #recallLater(target: ReloadTarget): void {
    const { clock, signal, spec } = this.#options;
    clock.sleep(spec.every, signal).then(
      () => {
        if (this.#target === target) void this.#recall(target);
      },
      () => {},
    );
  }

  async #reload({ index, rule, applied }: DueReload, target: ReloadTarget): Promise<void> {
    const { clock, onLog, signal, spec } = this.#options;
    const name = `reload ${ruleText(rule)}`;
    const runs = (this.#states[index]?.runs ?? 0) + 1;
    onLog(`${name}: begins (${namesOf(applied)})`);
    this.#update(index, { phase: 'running', message: '', runs, lastRun: clock.now().toISOString() });
    try {
      const onOutput = (line: string) => onLog(`  | ${line}`);
      const untilInSync = (containerId: string) => this.#syncOf(containerId).promise;
      const { restartAnyway } = spec;
      const context = { ...this.#options, ...target, restartAnyway, untilInSync, onOutput };
      const { message, exitCode } = await this.#act(rule.action, context);
      const hasFailed = exitCode !== undefined && exitCode !== 0;
      this.#update(index, { phase: hasFailed ? 'failed' : 'idle', message, exitCode });
      onLog(`${name}: ${message}`);
    } catch (error) {
      if (signal.aborted) return;
      const hint = error instanceof X8sError && error.hint ? `. ${error.hint}` : '';
      const message = `${messageOf(error)}${hint}`;
      this.#update(index, { phase: 'failed', message, exitCode: undefined });
      onLog(`${name}: failed: ${message}`);
    }
  }

  /** Rules that want a restart while there is one share it. */
  #act(action: ReloadAction, context: ActionContext): Promise<ActionResult> {
    if (action.kind !== 'restart') return runAction(action, context);
    this.#restarting ??= runAction(action, context).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  #update(index: number, change: Partial<ReloadState>): void {
    this.#states = this.#states.map((state, at) => (at === index ? { ...state, ...change } : state));
    this.#options.onState(this.#states);
  }
}

/** Asks the container what it has: that is what a reload follows, not what was sent. False where the stream broke. */
async function isAsked({ container }: ReloadTarget): Promise<boolean> {
  try {
    await container.refresh();
    return true;
  } catch {
    // The container is gone, or another agent takes over.
    return false;
  }
}

const isThere = ({ container }: ReloadTarget, { path, entry }: AppliedPath): boolean =>
  sameShallow(lookup(container.tree, path), entry);
