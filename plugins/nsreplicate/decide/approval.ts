/** What a person approves: the deletions that wait, named by a digest, so that nothing else is approved with them. Pure. */
import { createHash } from 'node:crypto';
import { describe, type ObjectKey } from '../objects/keys.ts';

/** What waits on one replica. */
export interface WaitingDeletions {
  readonly count: number;
  /** Stands for why they wait, and for all of them. */
  readonly digest: string;
  /** The first ones, as messages name them. */
  readonly objects: readonly string[];
}

/** So many are named; the digest is of all. */
const MOST_NAMED = 100;
const DIGEST_CHARACTERS = 16;

/** @param reason why they are stopped. @param keys in any order */
export function waitingDeletions(reason: string, keys: readonly ObjectKey[]): WaitingDeletions {
  const sorted = [...keys].sort();
  return {
    count: sorted.length,
    digest: digestOf([reason, ...sorted]),
    objects: sorted.slice(0, MOST_NAMED).map(describe),
  };
}

/** Stands for what waits on all replicas of a task; undefined where nothing does. */
export function approvalDigest(
  replicas: readonly { readonly name: string; readonly waiting?: WaitingDeletions | undefined }[],
): string | undefined {
  const stopped = replicas.flatMap(({ name, waiting }) => (waiting ? [`${name} ${waiting.digest}`] : []));
  return stopped.length === 0 ? undefined : digestOf(stopped.sort());
}

/** Deletions of one replica. */
export interface ReplicaDeletions {
  readonly name: string;
  /** Why they are stopped; undefined where they are not. */
  readonly stopped: string | undefined;
  readonly toDelete: readonly ObjectKey[];
}

/** Whether an approval names what waits now; one without a digest names nothing. */
export function namesWaiting(approval: string, replicas: readonly ReplicaDeletions[]): boolean {
  const digest = digestIn(approval);
  const waiting = replicas.map(({ name, stopped, toDelete }) => ({
    name,
    waiting: stopped === undefined ? undefined : waitingDeletions(stopped, toDelete),
  }));
  return digest !== undefined && approvalDigest(waiting) === digest;
}

/** An approval as it is asked for: when, and of what; without a digest it is of whatever waits. */
export const approvalOf = (at: Date, digest?: string): string =>
  digest === undefined ? at.toISOString() : `${at.toISOString()} ${digest}`;

/** The digest that an approval names; undefined where it is of whatever waits. */
export const digestIn = (approval: string): string | undefined => /^\S+ ([0-9a-f]{16})$/.exec(approval)?.[1];

const digestOf = (lines: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(lines)).digest('hex').slice(0, DIGEST_CHARACTERS);
