/** What the pods of one workload wait for, each by itself; one that goes may leave while its successor already waits. */
export class PodWaits {
  readonly #texts = new Map<string, string>();

  /** Notes what a pod waits for; an empty text where nothing holds it up. */
  note(pod: string, text: string): void {
    this.#texts.delete(pod);
    if (text !== '') this.#texts.set(pod, text);
  }

  /** A container runs: what held up the pods before it is over. */
  clear(): void {
    this.#texts.clear();
  }

  /** What was noted last and still holds; empty where nothing does. */
  get text(): string {
    return [...this.#texts.values()].at(-1) ?? '';
  }
}
