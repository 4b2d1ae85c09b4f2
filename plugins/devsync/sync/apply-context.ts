/** What an operation on a directory tree works with. */
import type { DigestCache } from './digest.ts';
import type { Folder } from './folder.ts';
import type { Gate } from './gate.ts';
import type { Contents } from './items.ts';
import type { ScanOptions } from './scan.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';

export interface ApplyContext {
  readonly root: string;
  readonly options: ScanOptions;
  readonly cache: DigestCache;
  /** Nothing is made that does not pass it. */
  readonly gate: Gate;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly foldsNames: boolean;
  /** The file system knows an executable bit. */
  readonly hasModes: boolean;
  /** Contents that came along; others wait in the staging folder. */
  readonly contents: Contents | undefined;
  /** Paths of this operation that could not be deleted, in this batch or in one before. */
  readonly undeleted: Set<string>;
  /** A directory of ours is about to appear at this path, and did not, after all. */
  readonly onMade: (path: string, folder: Folder) => void;
  readonly onUnmade: (path: string) => void;
}
