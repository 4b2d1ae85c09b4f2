/** How much fits into an object's annotations. Pure. */
import { cloneJson, type Draft } from './draft.ts';
import { withoutProvenance } from './provenance.ts';

/** Bytes of all keys and values of an object's annotations that servers take (apimachinery, TotalAnnotationSizeLimitB). */
const MOST_BYTES = 256 * 1024;

const sizeOf = ({ metadata: { annotations = {} } }: Draft): number =>
  Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );

/**
 * How many bytes of a copy's annotations are its provenance, where that is what no longer fits: the original has room for
 * itself only. Undefined where it fits, or would not fit without it either.
 */
export function bytesTooMany(copy: Draft): number | undefined {
  const bare = cloneJson(copy);
  withoutProvenance(bare);
  const [marked, size] = [sizeOf(copy), sizeOf(bare)];
  return marked > MOST_BYTES && size <= MOST_BYTES ? marked - size : undefined;
}
