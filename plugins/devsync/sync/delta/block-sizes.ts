/** How large the blocks of a signature are, and what is told of each. */

/** Bytes of a strong sum: the first half of SHA-256. What is put together is checked as a whole once more. */
export const strongSize = 16;
export const sumSize: number = 4 + strongSize;

/** Bytes that a block may be of. */
export const [leastBlock, mostBlock]: readonly [number, number] = [4 << 10, 16 << 20];
/** A signature of so many blocks fits into a frame, in base64. */
export const mostBlocks: number = 128 << 10;

/** About the square root, where what the signature takes and what a changed byte costs are in balance. */
export function blockSizeFor(size: number): number {
  let block = leastBlock;
  while (block < mostBlock && (block * block < size || block * mostBlocks < size)) block *= 2;
  return block;
}
