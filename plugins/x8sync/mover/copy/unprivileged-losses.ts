/** What of the source's files the copy could not keep. */

import type { SourceAccess } from '../access/source-access.ts';
import { queries, type Survey } from '../protocol/queries.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { Paths } from '../system/paths.ts';
import { type Ran, run } from '../system/programs.ts';
import { passedOver, targetTree } from '../volume/tree.ts';

const kinds = ['ownership', 'devices', 'capabilities'] as const satisfies (keyof Survey)[];

/** As much of a connection as asking takes. */
type Asked = Pick<SourceAccess, 'ask' | 'askOnce'>;

/** While an unprivileged copy runs, the source counts what only root could keep. */
export class LossSurvey {
  readonly #connection: Asked;
  readonly #runtime: Pick<Runtime, 'messages' | 'signal'>;
  readonly #query: string;
  readonly #first: Promise<Ran>;

  constructor(connection: Asked, runtime: Pick<Runtime, 'messages' | 'signal' | 'uid' | 'gids'>) {
    this.#connection = connection;
    this.#runtime = runtime;
    this.#query = queries.survey(runtime.uid, runtime.gids);
    this.#first = connection.askOnce(this.#query);
    // An interrupted run asks for it no more.
    this.#first.catch(() => {});
  }

  /** The kinds of things that are lost; `unknown` where the source did not tell. */
  async lost(): Promise<string[]> {
    const answer = await this.#answer();
    if (answer) return kinds.filter((kind) => answer[kind] > 0);
    this.#runtime.messages.log(
      'warning',
      'the source could not be surveyed: what an unprivileged copy loses is not known',
    );
    return ['unknown'];
  }

  async #answer(): Promise<Survey | undefined> {
    const first = await this.#first;
    if (first.code === 0) return JSON.parse(first.stdout) as Survey;
    // A connection that was made anew has taken the first question with it.
    try {
      return JSON.parse(await this.#connection.ask(this.#query)) as Survey;
    } catch {
      this.#runtime.signal.throwIfAborted();
      return undefined;
    }
  }
}

/** How many entries the target has, itself included, but for what the mover leaves alone. */
export async function countTarget(paths: Paths, signal: AbortSignal): Promise<number> {
  const args = [paths.target, ...passedOver(targetTree(paths)), '-printf', '.'];
  let entries = 0;
  await run('find', args, {
    signal,
    onOutput: (chunk) => {
      entries += chunk.length;
    },
  });
  return entries;
}
