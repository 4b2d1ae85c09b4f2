/** The container that a session is to work with, as it is chosen anew from time to time. */
import { onAbort } from '../../../../src/async/abort.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { Target } from '../../launch/launcher.ts';
import type { SyncMemory } from '../ancestor/sync-memory.ts';
import { type Choice, followTarget } from '../pods/pods.ts';
import type { RunnerOptions } from './runner-options.ts';

const undecided: Choice = { target: undefined, message: 'looking for a pod' };

/** What is said to who asks for something that only a container can do. */
export const noContainer = (why: string) => new X8sError(`nothing can be synced right now: ${why}`);

type FollowOptions = Pick<RunnerOptions, 'follow' | 'kube' | 'namespace' | 'spec' | 'onLog'>;

export class ChosenContainer {
  #choice: Choice = undecided;
  #chosen: () => void = () => {};
  /** Aborted when the container that is worked with is not the chosen one any more. */
  #left = new AbortController();

  /** Undefined while there is none. */
  get target(): Target | undefined {
    return this.#choice.target;
  }

  /** What to say where there is none, for a person. */
  get message(): string {
    return this.#choice.message;
  }

  /** Why there is none; undefined where there is one, or nobody has looked yet. */
  get refusal(): X8sError | undefined {
    const isNone = this.#choice.target === undefined && this.#choice !== undecided;
    return isNone ? noContainer(this.#choice.message) : undefined;
  }

  /** Whether it is still this one. */
  is({ containerId }: Target): boolean {
    return this.#choice.target?.containerId === containerId;
  }

  /** Chooses what the specification means, or what it is told to, until the signal says stop; and says so. */
  async follow(
    options: FollowOptions,
    memory: Pick<SyncMemory, 'isHeld'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { kube, namespace, spec, onLog } = options;
    const isHeld = (containerId: string) => memory.isHeld(containerId);
    const onChoice = (choice: Choice) => {
      if (choice.message !== '') onLog(choice.message);
      this.choose(choice);
    };
    if (options.follow) await options.follow(onChoice, signal);
    else await followTarget(kube, namespace, spec.target, onChoice, signal, isHeld);
  }

  choose(choice: Choice): void {
    const isOther = choice.target?.containerId !== this.#choice.target?.containerId;
    this.#choice = choice;
    if (isOther) this.#left.abort(noContainer('its container is not the one any more'));
    this.#chosen();
  }

  /** Work with the chosen one begins. Returns what is aborted once that is not the chosen one any more. */
  begin(): AbortSignal {
    this.#left = new AbortController();
    return this.#left.signal;
  }

  /** Resolves at the next choice, or when the signal says stop. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#chosen = resolve;
    const forget = onAbort(signal, resolve);
    await promise;
    forget();
  }
}
