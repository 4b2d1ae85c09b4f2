/** Texts of which there are few, on very many objects: one of each is kept. */

/** Names and uids as clusters have them, and addresses where a uid may not be read. */
const wellFormed = /^[A-Za-z0-9._:/[\]-]{1,253}$/;

export class SharedTexts {
  readonly #most: number;
  readonly #texts = new Map<string, string>();

  /** @param most how many are kept: anybody may write others on objects, and all are forgotten when there are more */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#texts.size;
  }

  /** The one that is kept for all who ask; the text itself where it is none that a cluster would have. */
  of(text: string): string {
    const found = this.#texts.get(text);
    if (found !== undefined) return found;
    if (!wellFormed.test(text)) return text;
    if (this.#texts.size >= this.#most) this.#texts.clear();
    // A part of a text keeps all of it in memory; this is a text of its own.
    const kept = Buffer.from(text, 'latin1').toString('latin1');
    this.#texts.set(kept, kept);
    return kept;
  }
}
