/** The container that a session is to work with, as it is chosen anew from time to time. */
import { onAbort } from '../../../../src/async/abort.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { Target } from '../../launch/launcher.ts';
import type { Choice } from '../pods/pods.ts';

const undecided: Choice = { target: undefined, message: 'looking for a pod' };

/** What is said to who asks for something that only a container can do. */
export const noContainer = (why: string) => new X8sError(`nothing can be synced right now: ${why}`);

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

  choose(choice: Choice): void {
    const isOther = choice.target?.containerId !== this.#choice.target?.containerId;
    this.#choice = choice;
    if (isOther) this.#left.abort();
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
