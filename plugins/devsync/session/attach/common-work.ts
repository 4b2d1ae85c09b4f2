/** What the sessions of one sync have in common: LOCAL is read once for all of them. */
import { NodeLines } from '../../launch/node-lines.ts';
import type { SharedDigests } from '../../sync/scan/digest.ts';
import { SharedContents } from '../transfers/shared-contents.ts';

export class CommonWork {
  /** What is known of the files in LOCAL. */
  readonly digests: SharedDigests = {};
  readonly lines: NodeLines;
  /** Contents that go to several containers. */
  readonly contents = new SharedContents();

  /** @param signal ends what they have in common. */
  constructor(signal: AbortSignal) {
    this.lines = new NodeLines(signal);
  }
}
