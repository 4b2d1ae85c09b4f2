/** Tells a session of a group which container it works with, as the group decides. */
import type { Target } from '../../launch/launcher.ts';
import type { Choice } from '../pods/pods.ts';

export class TargetFeed {
  #target: Target;
  #onChoice: (choice: Choice) => void = () => {};

  constructor(target: Target) {
    this.#target = target;
  }

  /** The pod has changed: it has got one of our containers, or the container was started again. */
  update(target: Target): void {
    if (target.pod === this.#target.pod) return;
    this.#target = target;
    this.#onChoice({ target, message: '' });
  }

  /** As `followTarget`: tells the choice and each change of it until the signal says stop. */
  readonly follow = async (onChoice: (choice: Choice) => void, signal: AbortSignal): Promise<void> => {
    this.#onChoice = onChoice;
    onChoice({ target: this.#target, message: '' });
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  };
}
