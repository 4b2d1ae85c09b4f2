/** One side of a sync. The local one works on a directory; the container's is the same, behind a stream. */

import type { Maybe } from '../reconcile/entry.ts';
import type { Operation, Outcome } from '../reconcile/operations.ts';
import type { IgnoreRules } from './ignore.ts';
import type { Chunk, Contents, EndpointFacts, Need, TrashItem, Wanted } from './items.ts';
import type { ScanOptions } from './scan.ts';

export interface EndpointOptions {
  readonly root: string;
  readonly scan: ScanOptions;
  readonly ignores: IgnoreRules;
  /** Bytes. */
  readonly trashLimit: number;
}

export interface Endpoint {
  readonly facts: EndpointFacts;
  /** What was there at the last look. */
  readonly tree: Maybe;
  /** Why changes are looked for by polling; undefined where the system tells of them. */
  readonly degraded: string | undefined;
  /** Git is changing the tree. */
  readonly isBusy: boolean;
  /** Called whenever the tree may be out of date, or has been brought up to date. */
  onHint: () => void;
  /** Brings the tree up to date: what is known to have changed, or everything. */
  refresh(everything?: boolean): Promise<void>;
  /** Which contents are not here, nor anywhere in the tree. */
  missing(wanted: readonly Wanted[]): Promise<Need[]>;
  /** Contents of files; those that have gone or changed meanwhile are left out. */
  read(needs: readonly Need[], signal?: AbortSignal): AsyncIterable<Chunk>;
  /** Takes contents in. */
  receive(chunks: AsyncIterable<Chunk>): Promise<void>;
  /**
   * Does what is asked, in order. What goes into the trash is filed under the name given. Contents that are not
   * given along, by their digest, must have been received before.
   */
  apply(operations: readonly Operation[], name: string, contents?: Contents): Promise<Outcome[]>;
  trash(): Promise<{ readonly items: TrashItem[]; readonly used: number; readonly limit: number }>;
  /** Puts a file from the trash back to where it was; what is there now goes into the trash itself. */
  restore(item: Pick<TrashItem, 'operation' | 'path'>, name: string): Promise<void>;
  emptyTrash(): Promise<number>;
  close(): Promise<void>;
}

/** This workstation's side, whose trash keeps what the other side loses, too. */
export interface KeepingEndpoint extends Endpoint {
  /** Those contents that `discard` has not filed under their paths yet. */
  unfiled(items: readonly Wanted[]): Wanted[];
  /** Files received contents in the trash, as if they had been deleted here. Resolves with those that it could not. */
  discard(items: readonly Wanted[], name: string): Promise<Outcome[]>;
}
