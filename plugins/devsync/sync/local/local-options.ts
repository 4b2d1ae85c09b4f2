/** What a directory of this machine is opened with, as one side of a sync. */
import type { Clock } from '../../../../src/clock.ts';
import type { EndpointOptions } from '../endpoint.ts';
import type { RootPlace } from '../files/root-place.ts';
import type { WriteRule } from '../ignore/write-rules.ts';
import type { SharedDigests } from '../scan/digest.ts';

export interface LocalOptions extends EndpointOptions {
  /** Paths below the root where something else is mounted. */
  readonly mounts?: ReadonlySet<string>;
  /** Those of them that may be written to: a file that is mounted alone takes part, and is written in place. */
  readonly writableMounts?: ReadonlySet<string>;
  /** How changed files are written; replaced where no rule says otherwise. */
  readonly write?: readonly WriteRule[] | undefined;
  /** Nothing that comes makes a directory one that git takes for a repository: its config would be obeyed here. */
  readonly refusesRepositories?: boolean;
  /** Where the root was when the sync began: what is mounted over it since then is left alone. */
  readonly place?: RootPlace | undefined;
  /** Git directories are looked for up to here. */
  readonly top?: string;
  /** The machine's, where it is left out. */
  readonly clock?: Clock;
  /** Bytes of what may be on its way into the tree at a time; there is no bound but the disk where it is left out. */
  readonly stagingLimit?: number | undefined;
  /** What other endpoints of this root know of it. */
  readonly digests?: SharedDigests | undefined;
  /** Where our things may be kept outside of the root, the best place first. */
  readonly metadataCandidates?: readonly string[];
}
