/**
 * A gate before a container's program: the agent of its node holds that back from the first instruction on when the
 * container starts again, so that what was synced is there before it looks. Agents in the container or beside it end with
 * it, and are there again only after its program.
 */
import type { Duplex } from 'node:stream';
import { ProtocolError } from '../wire/check.ts';
import { longestLine } from '../wire/node-agent.ts';
import { letGoLine, parseNews } from '../wire/startup-gate.ts';
import { gateSeconds } from './gate-limit.ts';
import { type NodeContext, openGateLine } from './node-agent.ts';

/** Why the program of a container is not held though others would be. */
export const tooLate = 'the agent of the node was too late for it';

/**
 * Resolves once the program of the container's next start will be held.
 *
 * @throws {Declined} there is no such gate, with the reason
 */
export async function openStartupGate(context: NodeContext): Promise<StartupGate> {
  const seconds = gateSeconds(context.target);
  return new StartupGate(await openGateLine(context, seconds, context.signal), seconds);
}

export class StartupGate {
  /** How long a program is held at most. */
  readonly seconds: number;
  readonly #line: Duplex;
  /** Ids without a runtime's name. */
  readonly #held = new Set<string>();
  /** Those whose program had begun before. */
  readonly #late = new Set<string>();
  /** Those that are not to be held, whether they are by now or not. */
  readonly #letGo = new Set<string>();
  /** The only one that is to be held, once it is known. */
  #only: string | undefined;
  readonly #ended = Promise.withResolvers<string>();
  #onNews: () => void = () => {};
  #rest = '';

  constructor(line: Duplex, seconds: number) {
    this.#line = line;
    this.seconds = seconds;
    line.on('data', (data: Buffer) => this.#take(data));
    line.on('error', () => {});
    line.once('close', () => this.#end('the line to the agent of the node ended'));
    line.once('end', () => line.destroy());
    // It was stopped behind the answer, so that nothing of what follows was lost.
    line.resume();
  }

  /** Resolves with why nothing is held any more. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Whether the program of this container is held, as far as is known here. */
  holds(containerId: string): boolean {
    return this.#held.has(bare(containerId));
  }

  /** Resolves when the program of this container is held, or with why it cannot be any more. */
  async untilHeld(containerId: string): Promise<string | undefined> {
    while (!this.holds(containerId)) {
      if (this.#late.has(bare(containerId))) return tooLate;
      const news = new Promise<undefined>((resolve) => {
        this.#onNews = () => resolve(undefined);
      });
      const why = await Promise.race([news, this.ended]);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  /** This one goes on, also where the agent tells of it later; others are held as before. */
  letGo(containerId: string): void {
    this.#letGo.add(bare(containerId));
    this.#release();
  }

  /** All but this one go on, also those that begin from now on. */
  holdOnly(containerId: string): void {
    this.#only = bare(containerId);
    this.#release();
  }

  #release(): void {
    for (const id of this.#held) {
      if (!this.#letGo.has(id) && id === (this.#only ?? id)) continue;
      this.#held.delete(id);
      this.#line.write(letGoLine(id));
    }
  }

  /** All go on. */
  close(): void {
    this.#end('it was closed');
    this.#line.destroy();
  }

  #take(data: Buffer): void {
    try {
      const lines = `${this.#rest}${data}`.split('\n');
      this.#rest = lines.pop() ?? '';
      if (this.#rest.length > longestLine) throw new ProtocolError('the agent sent a line that is too long');
      for (const line of lines) this.#hear(line);
    } catch (error) {
      this.#end((error as Error).message);
      this.#line.destroy();
    }
  }

  #hear(line: string): void {
    const news = parseNews(line);
    if (news.kind === 'trouble') this.#end(`the agent of the node may not hold it: ${news.words}`);
    if (news.kind === 'late') this.#late.add(news.id);
    // What an agent said before counts: it begins once.
    if (news.kind === 'held' && !this.#late.has(news.id)) this.#held.add(news.id);
    this.#release();
    this.#onNews();
  }

  #end(why: string): void {
    this.#held.clear();
    this.#ended.resolve(why);
  }
}

const bare = (containerId: string): string => containerId.replace(/^.*:\/\//, '');
