/** Compares two devices block by block, as both are read. */
import { BlockMap } from './block-map.ts';
import { type BlockRun, blockBytes, blocksIn, blocksOf, digestOf, isZero } from './blocks.ts';

/** What a comparison of all blocks has found. */
export interface DeviceComparison {
  /** Where the target differs, and how it becomes the same. */
  readonly map: BlockMap;
  readonly blocks: number;
  readonly differing: number;
  /** Bytes of the source's blocks that hold more than zeros. */
  readonly sourceHolds: number;
  /** The target's, likewise. */
  readonly targetHolds: number;
  /** Those of the target's that would not be there any more once it is the same. */
  readonly targetLoses: number;
}

/** The source's digests did not all come: its side failed, or the connection broke. */
export class DigestsMissing extends Error {}

/**
 * @param source digests of all blocks.
 * @param target its content, from the beginning, in pieces that begin where a block does.
 * @throws DigestsMissing, and what reading one of them throws.
 */
export async function compareDevices(
  source: AsyncIterable<BlockRun>,
  target: AsyncIterable<Buffer>,
  bytes: number,
): Promise<DeviceComparison> {
  const digests = new DigestCursor(source);
  const map = new BlockMap(bytes);
  const sums = { differing: 0, sourceHolds: 0, targetHolds: 0, targetLoses: 0 };
  let block = 0;
  for await (const chunk of target) {
    for (const content of blocksOf(chunk)) {
      const digest = await digests.next();
      const isEmpty = isZero(content);
      const isSame = digest === undefined ? isEmpty : !isEmpty && digestOf(content).equals(digest);
      if (!isSame) map.add(digest ? 'fetch' : 'zero', block);
      if (digest) sums.sourceHolds += content.length;
      if (!isSame) sums.differing += 1;
      if (!isEmpty) sums.targetHolds += content.length;
      if (!isEmpty && !isSame) sums.targetLoses += content.length;
      block += 1;
    }
  }
  await digests.requireEnd();
  if (block !== blocksIn(bytes)) throw new Error(`the target was read to block ${block} only`);
  return { map, blocks: block, ...sums };
}

/** Takes digests one by one out of runs. */
class DigestCursor {
  readonly #runs: AsyncIterator<BlockRun>;
  #run: BlockRun = { count: 0 };
  #used = 0;
  #blocks = 0;

  constructor(source: AsyncIterable<BlockRun>) {
    this.#runs = source[Symbol.asyncIterator]();
  }

  /** The next block's digest; undefined where it holds zeros. */
  async next(): Promise<Buffer | undefined> {
    while (this.#used === this.#run.count) {
      const { value, done } = await this.#runs.next();
      if (done) throw new DigestsMissing(`they end at ${this.#blocks * blockBytes} bytes`);
      [this.#run, this.#used] = [value, 0];
    }
    this.#used += 1;
    this.#blocks += 1;
    return this.#run.digest;
  }

  /** @throws DigestsMissing where there are more, or the source's side did not end well. */
  async requireEnd(): Promise<void> {
    if (this.#used < this.#run.count || !(await this.#runs.next()).done)
      throw new DigestsMissing('there are more of them than the device has blocks');
  }
}
