/** Memory of large buffers, for work that moves hundreds of megabytes through a process that must stay small. */

/** Smaller ones may lie in memory that is shared with others, and are not worth it. */
const large = 64 * 1024;

/**
 * Frees a buffer that nobody will ever look at again, and that has its memory to itself. The collector would do it
 * too, but lets tens of megabytes come together first, and what was once that large seldom gets small again.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < large) return;
  // A small part of something: somebody else has the rest.
  if (byteLength * 2 < buffer.byteLength) return;
  // Not there in Node 20, in which agents may run.
  if (typeof buffer.transfer === 'function' && !buffer.detached) buffer.transfer(0);
}
