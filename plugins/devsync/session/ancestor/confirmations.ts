/** What a sync is held for, and what a person has let happen of it. It outlives a look that is begun anew. */
import { type Brake, isCovered } from '../../reconcile/brakes.ts';

export class Confirmations {
  #binding: string | undefined;
  #brake: Brake | undefined;
  #confirmed: Brake[] = [];

  /** What it is held for; undefined where it is not. */
  get brake(): Brake | undefined {
    return this.#brake;
  }

  get confirmed(): readonly Brake[] {
    return this.#confirmed;
  }

  /** What was said of another place, such as another container, says nothing of this one. */
  begin(binding: string): void {
    if (this.#binding !== binding) [this.#brake, this.#confirmed] = [undefined, []];
    this.#binding = binding;
  }

  /** Confirms what it is held for, and no more than is known by now. */
  confirm(): void {
    const brake = this.#brake;
    if (brake && !this.#confirmed.some((seen) => isCovered(brake, seen))) this.#confirmed.push(brake);
  }

  hold(brake: Brake): void {
    this.#brake = brake;
  }

  letGo(): void {
    [this.#brake, this.#confirmed] = [undefined, []];
  }
}
