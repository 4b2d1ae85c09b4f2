/** Lines to agents of nodes that several sessions of a sync share: what goes to several containers of a node crosses once. */
import type { Duplex } from 'node:stream';
import { SharedLine } from '../wire/shared-line.ts';

export class NodeLines {
  /** Ends the lines. */
  readonly signal: AbortSignal;
  /** By the agent's pod; undefined where that agent knows only lines of one session. */
  readonly #lines = new Map<string, Promise<SharedLine | undefined>>();

  /** @param signal ends the lines. */
  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /**
   * A stream for one more session.
   *
   * @param first opens a line by asking for this session, and tells whether several may share it.
   * @param further asks for this session on a line that is there.
   */
  async session(
    agent: string,
    first: () => Promise<{ line: Duplex; isShared: boolean }>,
    further: (line: SharedLine) => Promise<Duplex>,
  ): Promise<Duplex> {
    for (;;) {
      const known = this.#lines.get(agent);
      if (known === undefined) return await this.#begin(agent, first);
      const line = await known.catch(() => undefined);
      if (line?.isOpen) return await further(line);
      // Another one may have begun anew meanwhile.
      if (this.#lines.get(agent) === known) this.#lines.delete(agent);
    }
  }

  async #begin(agent: string, first: () => Promise<{ line: Duplex; isShared: boolean }>): Promise<Duplex> {
    const opening = first();
    const shared = opening.then(({ line, isShared }) => (isShared ? new SharedLine(line) : undefined));
    shared.catch(() => {});
    this.#lines.set(agent, shared);
    const { line } = await opening;
    return (await shared)?.first() ?? line;
  }
}
