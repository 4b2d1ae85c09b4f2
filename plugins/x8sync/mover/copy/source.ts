/** What the source told of itself. */
import { type ExactUsage, questions, type Usage } from '../questions.ts';
import type { Voice } from '../voice.ts';
import { type Connection, Unanswered } from './connection.ts';
import { Ending } from './ending.ts';
import type { Amount } from './room.ts';

/** Files that rsync is done with in a moment: no progress within one is worth a line for each. */
const smallFiles = 16 << 20;

export class Source {
  readonly #usage: Usage;
  readonly #connection: Connection;

  constructor(usage: Usage, connection: Connection) {
    this.#usage = usage;
    this.#connection = connection;
  }

  /** @throws Ending where it does not tell. */
  static async look(connection: Connection, voice: Voice): Promise<Source> {
    const usage = await told<Usage>(connection, questions.usage, 'usage');
    if (usage.lostFound > 0)
      voice.log('warning', `lost+found of the source holds ${usage.lostFound} entries, which are not copied`);
    return new Source(usage, connection);
  }

  /** What its file system has in use: no less than what is copied. */
  get used(): Amount {
    return { bytes: this.#usage.usedBytes, inodes: this.#usage.usedInodes };
  }

  /** Whether a file has holes; undefined where it did not tell. */
  get sparse(): boolean | undefined {
    return this.#usage.sparse ?? undefined;
  }

  get hasSmallFilesOnly(): boolean {
    return this.#usage.largest !== null && this.#usage.largest <= smallFiles;
  }

  /** What its files take up, by a walk through all of them. */
  async exactly(): Promise<{ readonly bytes: number; readonly inodes: number }> {
    const { allocatedBytes, inodes } = await told<ExactUsage>(this.#connection, questions.exactUsage, 'size');
    return { bytes: allocatedBytes, inodes };
  }

  /** A mover's mark in it; empty where there is none. */
  async mark(): Promise<string> {
    return asked(this.#connection, questions.mark, 'mark');
  }
}

async function told<Answer>(connection: Connection, question: string, what: string): Promise<Answer> {
  const text = await asked(connection, question, what);
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new Ending('source-failed', `the source did not tell its ${what}: ${JSON.stringify(text)}`);
  }
}

async function asked(connection: Connection, question: string, what: string): Promise<string> {
  try {
    return await connection.ask(question);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    throw new Ending('source-failed', `the source did not tell its ${what}: ${error.message}`);
  }
}
