/** How many gates there are at a time. Each looks at every process of the node again and again, and takes a session's place. */
import { SessionRefused } from './authorize.ts';

/** A pod is restarted by one sync, or by a few whose directories are in it. */
export const mostOfPod = 4;
/** Of the account of a namespace, which all of its users share: enough to restart a large workload at once. */
export const mostOfUser = 50;

export class GatePlaces {
  readonly #node: string;
  readonly #taken = new Map<string, number>();

  constructor(node: string) {
    this.#node = node;
  }

  /**
   * Gives back the place when called.
   *
   * @param pod its UID
   * @throws {SessionRefused} there are as many as may be
   */
  take(user: string, pod: string): () => void {
    const ofPod = `pod ${pod}`;
    const ofUser = `user ${user}`;
    this.#require(ofPod, mostOfPod, 'that pod');
    this.#require(ofUser, mostOfUser, user);
    for (const key of [ofPod, ofUser]) this.#add(key, 1);
    let isTaken = true;
    return () => {
      if (isTaken) for (const key of [ofPod, ofUser]) this.#add(key, -1);
      isTaken = false;
    };
  }

  #require(key: string, most: number, whose: string): void {
    if ((this.#taken.get(key) ?? 0) < most) return;
    throw new SessionRefused(
      'Busy',
      `the agent of node ${this.#node} has ${most} gates for ${whose} already`,
    );
  }

  #add(key: string, change: number): void {
    const now = (this.#taken.get(key) ?? 0) + change;
    if (now > 0) this.#taken.set(key, now);
    else this.#taken.delete(key);
  }
}
