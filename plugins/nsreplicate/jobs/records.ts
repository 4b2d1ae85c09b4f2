/**
 * Records of jobs, for people: the last ones and the failed ones, bounded in bytes. What does not fit any more
 * is grouped by replica, kind and reason, and still counted exactly. They decide nothing.
 */
import { createHash } from 'node:crypto';
import { count, isText, map, present, said, text, time } from '../../../src/json-fields.ts';

const jobStates = ['pending', 'running', 'done', 'failed'] as const;
export type JobState = (typeof jobStates)[number];

/** One change on one replica. */
export interface JobRecord {
  /** Digest of the sanitised object, keyed for Secrets; `deleted` for a deletion. */
  readonly change: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly replica: string;
  readonly state: JobState;
  /** What was done to the object: `created`, `pruned`; absent while it is not done. */
  readonly did?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly attempts: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt?: string | undefined;
  /** Not tried again by itself. */
  readonly parked?: boolean | undefined;
}

/** How a job stands, apart from what it is about. */
export type Standing = Omit<JobRecord, 'change' | 'kind' | 'namespace' | 'name' | 'replica'>;

/** Failures that are no longer kept one by one. */
export interface JobGroup {
  readonly replica: string;
  readonly kind: string;
  readonly reason: string;
  readonly count: number;
}

/** Bytes of one shard's records; an object of the API may have 1 MiB, a small one is quicker to write. */
export const SHARD_BYTES = 60 * 1024;
const FAILED_SHARDS = 4;
const MESSAGE_CHARACTERS = 300;
export const shardNames: readonly string[] = [
  'recent',
  ...Array.from({ length: FAILED_SHARDS }, (_, index) => `failed-${index}`),
];

/** An order: what ended last comes first, and what has not ended comes at the end. */
export const newestFirst = (a: Pick<JobRecord, 'finishedAt'>, b: Pick<JobRecord, 'finishedAt'>): number =>
  (b.finishedAt ?? '').localeCompare(a.finishedAt ?? '');

/** What a job is called: its object and its replica. */
export const jobKey = ({
  kind,
  namespace = '',
  name,
  replica,
}: Omit<JobRecord, 'change' | 'state' | 'attempts' | 'startedAt'>) =>
  `${replica}|${kind}|${namespace}/${name}`;

/** Records by job key, the oldest first, never more than so many bytes. */
class Shard {
  readonly #records = new Map<string, JobRecord>();
  #bytes = 0;
  dirty = false;

  /** Returns those that had to go. */
  set(key: string, record: JobRecord): JobRecord[] {
    this.delete(key);
    this.#records.set(key, record);
    this.#bytes += mostBytes(record);
    this.dirty = true;
    return this.#overflow();
  }

  delete(key: string): void {
    const record = this.#records.get(key);
    if (!record) return;
    this.#records.delete(key);
    this.#bytes -= mostBytes(record);
    this.dirty = true;
  }

  get records(): JobRecord[] {
    return [...this.#records.values()];
  }

  get text(): string {
    return textOfJobs(this.records);
  }

  #overflow(): JobRecord[] {
    const gone: JobRecord[] = [];
    for (const [key, record] of this.#records) {
      if (this.#bytes <= SHARD_BYTES) break;
      this.delete(key);
      gone.push(record);
    }
    return gone;
  }
}

/** What a record has beside its words, at most. */
const RECORD_BYTES = 260;
/** A shard never has room for more. */
const MOST_RECENT = Math.ceil(SHARD_BYTES / RECORD_BYTES);

/** No less than the record has as JSON; names are ASCII, messages may be anything. */
const mostBytes = ({
  change,
  kind,
  namespace = '',
  name,
  replica,
  reason = '',
  message = '',
}: JobRecord): number =>
  RECORD_BYTES +
  change.length +
  kind.length +
  namespace.length +
  name.length +
  replica.length +
  reason.length +
  message.length * 3;

/** The records of one task while it runs. */
export class JobRecords {
  readonly #shards = new Map(shardNames.map((name) => [name, new Shard()]));
  /** Failed jobs whose records did not fit, by group: their keys, so that a success is counted off again. */
  readonly #overflow = new Map<string, Map<string, JobGroup>>();
  readonly #failing = new Set<string>();
  /** Jobs that were done, not taken down yet: of thousands a second only the last ones are ever looked at. */
  #done: (() => JobRecord)[] = [];

  /**
   * @param kept texts of the shards as an earlier run left them. Its last records stay; what failed then is tried
   *   again by this run, so shards of failures begin empty.
   */
  constructor(kept: ReadonlyMap<string, string> = new Map()) {
    const recent = this.#shard('recent');
    for (const record of parseShard(kept.get('recent') ?? '')) recent.set(jobKey(record), record);
    recent.dirty = false;
    for (const [name, text] of kept) if (name !== 'recent' && text !== '') this.#shard(name).dirty = true;
  }

  /** As `put`, of a job that was done; it may not be asked what it was before somebody looks, or not at all. */
  done(record: () => JobRecord): void {
    this.#done.push(record);
    if (this.#failing.size > 0) this.#catchUp();
    else if (this.#done.length > 2 * MOST_RECENT) this.#done = this.#done.slice(-MOST_RECENT);
  }

  /** Takes down where a job stands now. */
  put(record: JobRecord): void {
    this.#catchUp();
    this.#put(record);
  }

  #catchUp(): void {
    const done = this.#done;
    this.#done = [];
    for (const record of done) this.#put(record());
  }

  #put(record: JobRecord): void {
    const key = jobKey(record);
    const clipped = { ...record, message: clip(record.message) };
    if (record.state !== 'failed') this.#forgetFailure(key);
    else {
      this.#ungroup(key);
      this.#failing.add(key);
      for (const lost of this.#failed(key).set(key, clipped)) this.#group(lost);
    }
    this.#shard('recent').set(key, clipped);
  }

  /** The job is no more: its object is gone, or out of scope. */
  forget(key: string): void {
    this.#forgetFailure(key);
  }

  get failed(): JobRecord[] {
    return shardNames.filter((name) => name !== 'recent').flatMap((name) => this.#shard(name).records);
  }

  get recent(): JobRecord[] {
    this.#catchUp();
    return this.#shard('recent').records;
  }

  /** All failed jobs by replica, kind and reason, those with a record of their own included. */
  get groups(): JobGroup[] {
    const groups = new Map<string, JobGroup>();
    const count = ({ replica, kind, reason }: Omit<JobGroup, 'count'>, more: number) => {
      const key = `${replica}|${kind}|${reason}`;
      groups.set(key, { replica, kind, reason, count: (groups.get(key)?.count ?? 0) + more });
    };
    for (const { replica, kind, reason = '' } of this.failed) count({ replica, kind, reason }, 1);
    for (const members of this.#overflow.values()) for (const group of members.values()) count(group, 1);
    const place = ({ replica, kind, reason }: JobGroup) => `${replica}|${kind}|${reason}`;
    return [...groups.values()].sort((a, b) => b.count - a.count || place(a).localeCompare(place(b)));
  }

  /** One shard that changed since it was last taken, as JSON lines; undefined where none did. */
  takeDirty(): { name: string; text: string } | undefined {
    this.#catchUp();
    for (const [name, shard] of this.#shards) {
      if (!shard.dirty) continue;
      shard.dirty = false;
      // The next call looks at the others first.
      this.#shards.delete(name);
      this.#shards.set(name, shard);
      return { name, text: shard.text };
    }
    return undefined;
  }

  /** The shard could not be written: it is taken again. */
  putBack(name: string): void {
    this.#shard(name).dirty = true;
  }

  #shard(name: string): Shard {
    const shard = this.#shards.get(name);
    if (!shard) throw new RangeError(`no shard ${name}`);
    return shard;
  }

  #failed(key: string): Shard {
    const byte = createHash('sha256').update(key).digest()[0] ?? 0;
    return this.#shard(`failed-${byte % FAILED_SHARDS}`);
  }

  #forgetFailure(key: string): void {
    if (!this.#failing.delete(key)) return;
    this.#failed(key).delete(key);
    this.#ungroup(key);
  }

  #group(record: JobRecord): void {
    const { replica, kind, reason = '' } = record;
    const members = this.#overflow.get(replica) ?? new Map<string, JobGroup>();
    members.set(jobKey(record), { replica, kind, reason, count: 1 });
    this.#overflow.set(replica, members);
  }

  #ungroup(key: string): void {
    for (const members of this.#overflow.values()) if (members.delete(key)) return;
  }
}

/** Records as they are kept: JSON lines. */
export const textOfJobs = (records: readonly JobRecord[]): string =>
  records.map((record) => JSON.stringify(record)).join('\n');

/** In one line: servers list what they refuse, line by line. */
function clip(text: string | undefined): string | undefined {
  const line = text?.replaceAll(/\s*\n\s*/g, ' ');
  return line === undefined || line.length <= MESSAGE_CHARACTERS
    ? line
    : `${line.slice(0, MESSAGE_CHARACTERS - 1)}…`;
}

/** Reads a shard's text; lines that a newer version wrote differently are left out. */
export function parseShard(text: string): JobRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        return recordIn(JSON.parse(line)) ?? [];
      } catch {
        return [];
      }
    });
}

/** The record that a value is; undefined where it does not say of which object, where, and how that stands. */
function recordIn(value: unknown): JobRecord | undefined {
  const fields = map(value);
  const { kind, name, replica, state, namespace, attempts, startedAt, finishedAt, parked } = fields;
  if (!isText(kind) || !isText(name) || !isText(replica) || !isJobState(state)) return undefined;
  return {
    change: text(fields.change),
    kind,
    namespace: said(namespace),
    name,
    replica,
    state,
    attempts: count(attempts),
    startedAt: time(startedAt),
    ...present({
      did: said(fields.did),
      reason: said(fields.reason),
      message: said(fields.message),
      finishedAt: finishedAt === undefined ? undefined : time(finishedAt),
      parked: parked === true ? parked : undefined,
    }),
  };
}

const isJobState = (value: unknown): value is JobState => jobStates.some((state) => state === value);
