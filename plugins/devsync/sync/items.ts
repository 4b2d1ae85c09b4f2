/** What one side tells the other, and gives it: contents and parts of them, what its trash holds, where it works. */

/** A content that one side is to get, and where the other one has it. */
export interface Wanted {
  readonly digest: string;
  readonly size: number;
  readonly path: string;
}

/** What is missing of it: all from this byte on. */
export interface Need extends Wanted {
  readonly offset: number;
}

/** Small contents by their digest; whoever writes them checks that they are what they are called. */
export type Contents = ReadonlyMap<string, Uint8Array>;

/** A part of a content, in order; `offset` is where it belongs. */
export interface Chunk {
  readonly digest: string;
  /** Bytes of the whole content. */
  readonly size: number;
  readonly offset: number;
  readonly data: Uint8Array;
  /** The memory that it lies in with others of the same reading, which whoever reads them may free after all. */
  readonly slab?: Uint8Array;
}

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
  readonly hasModes: boolean;
  /** Bytes that are free. */
  readonly freeBytes: number;
  /** Contents of an earlier run wait to be used. */
  readonly hasStaged: boolean;
  /** Where it keeps its things: trash, digests, what is on its way. */
  readonly home: string;
  /** That is in the root itself, as there is no place on its file system that may be used outside of it. */
  readonly isHomeInside: boolean;
}
