/** One side of a sync. The local one works on a directory; the container's is the same, behind a stream. */

import type { MaybeEntry } from '../reconcile/entry.ts';
import type { Operation, OperationResult } from '../reconcile/operations.ts';
import type { Range } from './delta/known-blocks.ts';
import type { Signature } from './delta/signature.ts';
import type { IgnoreRules } from './ignore/ignore.ts';
import type { ScanOptions } from './scan/scan.ts';

/** A content that one side is to get, and where the other one has it. */
export interface ContentRef {
  readonly digest: string;
  readonly size: number;
  readonly path: string;
}

/** What is missing of it: all from this byte on. */
export interface ContentRequest extends ContentRef {
  readonly offset: number;
  /** What the side that gets it has: then only differences to that travel. */
  readonly basis?: Basis | InPlaceBasis;
}

/** A file, and what is in it. */
export interface Basis {
  readonly path: string;
  readonly signature: Signature;
}

/** A file that has these ranges of the content at the same places. */
export interface InPlaceBasis {
  readonly path: string;
  /** In order. */
  readonly unchanged: readonly Range[];
}

/** Small contents by their digest, which is checked when they are written. */
export type Contents = ReadonlyMap<string, Uint8Array>;

/** A part of a content, in order; `offset` is where it belongs. */
export interface Chunk {
  readonly digest: string;
  /** Bytes of the whole content. */
  readonly size: number;
  readonly offset: number;
  /** Empty where it is copied. */
  readonly data: Uint8Array;
  /** A range of a file that the receiving side has, in bytes. */
  readonly copied?: { readonly path: string; readonly from: number; readonly length: number };
  /** The memory that it lies in with others of the same reading, which whoever reads them may free after all. */
  readonly slab?: Uint8Array;
}

/** A large content that goes to the other side while it is still read. Its digest comes last. */
export interface EarlyContent {
  /** In place of its digest, until that is known; has the form of one. */
  readonly name: string;
  readonly path: string;
  /** The digest of the version that it replaces. */
  readonly old: string;
  /** Once all of it was read; never where it is given up. */
  readonly digest: string | undefined;
  /** Of the code by which the other side checks what it has put together. */
  readonly key: string;
  /** Once all of it was read. */
  readonly code: string | undefined;
  /** All but the last chunk, by its name; fewer where it is given up. Rejects where the file is another one by now. */
  chunks(): AsyncGenerator<Chunk>;
  /** The last chunk, by the digest, once the others were taken; undefined where it was given up. */
  readonly last: Chunk | undefined;
}

/** Bytes of the content that a chunk stands for. */
export const lengthOf = ({ data, copied }: Chunk): number => copied?.length ?? data.length;

/** A file in the trash. */
export interface TrashItem {
  /** Names the operation; sorts by time. */
  readonly operation: string;
  readonly path: string;
  readonly size: number;
}

/** What a side says about the place it works in. */
export interface EndpointFacts {
  /** Made when the root was first synced; a root that was made anew has another one. */
  readonly rootId: string;
  /** Names that differ only by case are the same file. */
  readonly foldsNames: boolean;
  /** The file system knows permissions. Where it does not, the tree has none. */
  readonly hasModes: boolean;
  /** Bytes that are free. */
  readonly freeBytes: number;
  /** Contents of an earlier run wait to be used. */
  readonly hasStaged: boolean;
  /** Where it keeps its things: trash, digests, what is on its way. */
  readonly metadataFolder: string;
  /** That is in the root itself, as there is no place on its file system that may be used outside of it. */
  readonly isMetadataInside: boolean;
}

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
  readonly tree: MaybeEntry;
  /** Why changes are looked for by polling; undefined where the system tells of them. */
  readonly degraded: string | undefined;
  /** Git is changing the tree. */
  readonly isBusy: boolean;
  /** Contents may be received by several calls at a time. */
  readonly takesSeveral?: boolean;
  /** Contents may be received as differences. */
  readonly takesDeltas?: boolean;
  /** Contents may be received before their digest is known. */
  readonly takesEarly?: boolean;
  /** Called whenever the tree may be out of date, or has been brought up to date. */
  onHint: () => void;
  /** Brings the tree up to date: what is known to have changed, or everything. */
  refresh(everything?: boolean): Promise<void>;
  /** Which contents are not here, nor anywhere in the tree. */
  missing(wanted: readonly ContentRef[]): Promise<ContentRequest[]>;
  /**
   * The signature of the file that is at this content's path now. Undefined where the content is to be sent whole:
   * there is no such file, or it could not be put together from differences before.
   */
  signature(wanted: ContentRef): Promise<Signature | undefined>;
  /**
   * What two contents have at the same place, as far as that is known without reading either. Undefined where it is not,
   * or where most may have moved.
   */
  unchanged?(old: string, wanted: string): Promise<readonly Range[] | undefined>;
  /** Contents of files; those that have gone or changed meanwhile are left out. */
  read(needs: readonly ContentRequest[], signal?: AbortSignal): AsyncIterable<Chunk>;
  /** Takes contents in. */
  receive(chunks: AsyncIterable<Chunk>): Promise<void>;
  /** Takes in a content while it is still read on the other side. Whether it is here whole is told by `missing`. */
  receiveEarly?(early: EarlyContent): Promise<void>;
  /**
   * Does what is asked, in order. What goes into the trash is filed under the name given. Contents that are not
   * given along, by their digest, must have been received before.
   */
  apply(operations: readonly Operation[], name: string, contents?: Contents): Promise<OperationResult[]>;
  trash(): Promise<{ readonly items: TrashItem[]; readonly used: number; readonly limit: number }>;
  /** Puts a file from the trash back to where it was; what is there now goes into the trash itself. */
  restore(item: Pick<TrashItem, 'operation' | 'path'>, name: string): Promise<void>;
  emptyTrash(): Promise<number>;
  close(): Promise<void>;
}

/** This workstation's side, whose trash keeps what the other side loses, too. */
export interface KeepingEndpoint extends Endpoint {
  /** Told a large content that is about to be read; returns whether it goes to the other side meanwhile. */
  onEarly?: (early: EarlyContent) => boolean;
  /** Those contents that `discard` has not filed under their paths yet. */
  unfiled(items: readonly ContentRef[]): ContentRef[];
  /** Files received contents in the trash, as if they had been deleted here. Resolves with those that it could not. */
  discard(items: readonly ContentRef[], name: string): Promise<OperationResult[]>;
}
