/** What the sessions of one sync have in common: LOCAL is read once for all of them. */
import { isDeepStrictEqual } from 'node:util';
import { NodeLines } from '../../launch/node-lines.ts';
import type { FileRules } from '../../spec/ignore-files.ts';
import type { SharedDigests } from '../../sync/scan/digest.ts';
import { SharedContents } from '../transfers/shared-contents.ts';

export class CommonWork {
  /** What is known of the files in LOCAL. */
  readonly digests: SharedDigests = {};
  readonly lines: NodeLines;
  /** Contents that go to several containers. */
  readonly contents = new SharedContents();
  /** The ignore rules that the sessions began anew for at last. */
  #rules: FileRules | undefined;

  /** @param signal ends what they have in common. */
  constructor(signal: AbortSignal) {
    this.lines = new NodeLines(signal);
  }

  /** Whether these are other ignore rules than the last that were asked about: each session finds them by itself. */
  areOthers(rules: FileRules): boolean {
    const areSame = isDeepStrictEqual(this.#rules, rules);
    this.#rules = rules;
    return !areSame;
  }
}
