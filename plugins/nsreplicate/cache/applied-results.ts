/**
 * What replicas made of what was applied, where that is something else: defaults of another version, a mutating
 * webhook, keys of others. Kept in a few bytes an object, so that tens of thousands of them outlive a run. What is
 * not remembered is no harm: the object is applied once more, which changes nothing there.
 */
import { createHash } from 'node:crypto';
import { own } from '../../../src/json.ts';
import type { Made } from '../decide/assess.ts';
import type { ObjectKey } from '../objects/keys.ts';

/** What a replica made of one object. */
export interface AppliedResult {
  /** Digest of what was applied. */
  readonly applied: string;
  /** Digest of what the replica has instead. */
  readonly live: string;
  /** Keys of others in mirrored maps, as `data.color`: drift that an apply leaves. */
  readonly foreign?: readonly string[];
  /** Another manager applies fields of it that were not applied. */
  readonly othersApply?: boolean;
}

/** Shards of all replicas of a task: each is a document of its own. */
export const RESULT_SHARDS = 16;
/** Bytes of one, as JSON. */
const SHARD_BYTES = 60 * 1024;
/** Characters of a digest: 48 bits, so that of a million objects no two are likely to be mixed up. */
const DIGEST = 8;
const FOREIGN = '+';
const OTHERS_APPLY = '*';

const short = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, DIGEST);
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const shardOf = (id: string): number => alphabet.indexOf(id[0] ?? '') % RESULT_SHARDS;
const pairOf = (applied: string, live: string): string => short(`${applied} ${live}`);

/** What one replica made of objects. */
export class ReplicaResults {
  /** Digest of what was applied and what came of it, by the key's digest; `+` after it: with keys of others. */
  readonly entries = new Map<string, string>();
  readonly #changed: (shard: number) => void;
  #foreign = 0;

  constructor(changed: (shard: number) => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Of how many objects there are keys of others. */
  get foreign(): number {
    return this.#foreign;
  }

  /** Remembers what became of an object. True where that is news. */
  set(key: ObjectKey, { applied, live, foreign, othersApply }: AppliedResult): boolean {
    const flags = `${foreign ? FOREIGN : ''}${othersApply ? OTHERS_APPLY : ''}`;
    return this.put(short(key), `${pairOf(applied, live)}${flags}`);
  }

  /** The same, as it is kept. */
  put(id: string, text: string): boolean {
    const before = this.entries.get(id);
    if (before === text) return false;
    if (before !== undefined) this.#remove(id, before);
    this.entries.set(id, text);
    if (text.includes(FOREIGN)) this.#foreign++;
    this.#changed(shardOf(id));
    return true;
  }

  /** The object is as it was applied, or gone. True where something else was remembered. */
  delete(key: ObjectKey): boolean {
    // As a rule nothing is remembered of a replica.
    if (this.size === 0) return false;
    const id = short(key);
    const before = this.entries.get(id);
    if (before === undefined) return false;
    this.#remove(id, before);
    this.#changed(shardOf(id));
    return true;
  }

  /** Whether what the replica has is what it made of what is wanted; undefined where that is not known. */
  find(key: ObjectKey, applied: string, live: string | undefined): Made | undefined {
    if (this.size === 0 || live === undefined) return undefined;
    const text = this.entries.get(short(key));
    if (text?.slice(0, DIGEST) !== pairOf(applied, live)) return undefined;
    return {
      foreign: text.includes(FOREIGN),
      ...(text.includes(OTHERS_APPLY) ? { othersApply: true } : {}),
    };
  }

  #remove(id: string, text: string): void {
    this.entries.delete(id);
    if (text.includes(FOREIGN)) this.#foreign--;
  }
}

/** The same for all replicas of a task, and their documents. */
export class AppliedResults {
  readonly #replicas = new Map<string, ReplicaResults>();
  /** As they were left, for replicas that nobody has asked for yet. */
  readonly #kept: readonly string[];
  readonly #dirty = new Set<number>();

  /** @param kept texts of the shards, as an earlier run left them; their order does not matter */
  constructor(kept: readonly string[] = []) {
    this.#kept = kept;
  }

  /** What one replica made of objects; begins with what is known of it from earlier runs. */
  on(replica: string): ReplicaResults {
    const found = this.#replicas.get(replica);
    if (found) return found;
    let isRead = false;
    const made = new ReplicaResults((shard) => {
      if (isRead) this.#dirty.add(shard);
    });
    for (const text of this.#kept) for (const [id, pair] of entriesOf(text, replica)) made.put(id, pair);
    isRead = true;
    this.#replicas.set(replica, made);
    return made;
  }

  /** One shard that changed since it was last taken; undefined where none did. */
  takeDirty(): { shard: number; text: string } | undefined {
    const [shard] = this.#dirty;
    if (shard === undefined) return undefined;
    this.#dirty.delete(shard);
    return { shard, text: this.#textOf(shard) };
  }

  /** The shard could not be written: it is taken again. */
  putBack(shard: number): void {
    this.#dirty.add(shard);
  }

  /** The newest of each replica, as many as there is room for: those that have little leave theirs to the others. */
  #textOf(shard: number): string {
    const lists = [...this.#replicas]
      .map(([name, { entries }]) => ({
        name,
        words: [...entries].filter(([id]) => shardOf(id) === shard).map(([id, pair]) => `${id}${pair}`),
      }))
      .sort((a, b) => a.words.length - b.words.length);
    const names = lists.reduce((sum, { name }) => sum + Buffer.byteLength(name) * 2 + 8, 0);
    let room = Math.max(0, Math.floor((SHARD_BYTES - names) / (2 * DIGEST + 3)));
    const kept = lists.map(({ name, words }, index) => {
      const count = Math.min(words.length, Math.floor(room / (lists.length - index)));
      room -= count;
      return [name, words.slice(words.length - count).join(' ')];
    });
    return JSON.stringify(Object.fromEntries(kept));
  }
}

/** What a shard's text says of a replica; what can't be read is as if it had not been kept. */
function entriesOf(text: string, replica: string): [string, string][] {
  try {
    const words = String(own(JSON.parse(text) as Record<string, unknown>, replica) ?? '').split(' ');
    return words
      .filter((word) => word.length >= 2 * DIGEST)
      .map((word) => [word.slice(0, DIGEST), word.slice(DIGEST)]);
  } catch {
    return [];
  }
}
