/** Hands work out to several takers: bounded, so that who makes it waits, and again where a taker gave it back. */

/** So often a piece of work is handed out; then it is left to the closing pass. */
const mostTimes = 3;

interface Piece<Work> {
  readonly work: Work;
  /** How often it was handed out. */
  readonly times: number;
}

export class WorkQueue<Work> {
  /** How often work was handed out again. */
  again = 0;
  /** Pieces that were handed out too often, or whose taker could do nothing with them. */
  dropped = 0;
  readonly #room: number;
  readonly #waiting: Piece<Work>[] = [];
  readonly #taken = new Map<Work, Piece<Work>>();
  #ended = false;
  #closed = false;
  #wake = Promise.withResolvers<void>();

  /** @param room pieces that may wait to be taken. */
  constructor(room: number) {
    this.#room = room;
  }

  /** Adds a piece, once there is room for it. After the end it is dropped. */
  async put(work: Work): Promise<void> {
    while (this.#waiting.length >= this.#room && !this.#ended) await this.#wake.promise;
    if (this.#ended) this.dropped += 1;
    else this.#waiting.push({ work, times: 0 });
    this.#changed();
  }

  /** No more work comes. */
  end(): void {
    this.#ended = true;
    this.#changed();
  }

  /** Nothing more is handed out: what waits is dropped, and what is given back. */
  close(): void {
    this.#closed = true;
    this.dropped += this.#waiting.splice(0).length;
    this.end();
  }

  /** Nothing is waiting, nothing is taken, and no more comes. */
  get isDone(): boolean {
    return this.#ended && this.#taken.size === 0 && this.#waiting.length === 0;
  }

  /** Nothing waits, and no more comes. */
  get isRunningOut(): boolean {
    return this.#ended && this.#waiting.length === 0;
  }

  /**
   * The next piece, once there is one; undefined once all is done.
   *
   * @param fits which pieces the taker can do.
   */
  async take(fits: (work: Work) => boolean = () => true): Promise<Work | undefined> {
    for (;;) {
      const [piece] = this.#waiting.splice(this.#firstThat(fits), 1);
      if (piece) {
        this.#taken.set(piece.work, { ...piece, times: piece.times + 1 });
        if (piece.times > 0) this.again += 1;
        this.#changed();
        return piece.work;
      }
      // What others are at may still come back.
      if (this.isDone) return undefined;
      await this.#wake.promise;
    }
  }

  #firstThat(fits: (work: Work) => boolean): number {
    const at = this.#waiting.findIndex(({ work }) => fits(work));
    return at < 0 ? this.#waiting.length : at;
  }

  /** A piece is done, or nobody can do it. */
  finish(work: Work, isDone = true): void {
    if (this.#taken.delete(work) && !isDone) this.dropped += 1;
    this.#changed();
  }

  /** A piece is to be handed out again: whoever had it is gone. */
  giveBack(work: Work): void {
    const piece = this.#taken.get(work);
    if (!piece) return;
    this.#taken.delete(work);
    if (this.#closed || piece.times >= mostTimes) this.dropped += 1;
    else this.#waiting.unshift(piece);
    this.#changed();
  }

  #changed(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
