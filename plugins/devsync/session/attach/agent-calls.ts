/** What an agent is asked in parts that fit into a call each, and what its answers mean; pure. */
import type { ContentRef, ContentRequest, TrashItem } from '../../sync/endpoint.ts';
import { asCount, asDigest, asList, asObject, asPath } from '../../wire/check.ts';
import { inParts, type Named } from '../../wire/parts.ts';

/** Things in one call. */
export const aCall = 1000;

/** Yields parts that fit into one call each. */
export const inCalls = <T extends Named>(list: readonly T[]): Generator<readonly T[]> =>
  inParts(list, aCall, (one) => one);

/** A signature takes a call of its own, for its size. Without differences, all contents are asked for whole. */
export function* inReads(
  needs: readonly ContentRequest[],
  asDeltas: boolean,
): Generator<readonly ContentRequest[]> {
  const hasBasis = ({ basis }: ContentRequest) => asDeltas && basis !== undefined;
  const whole = needs.filter((need) => !hasBasis(need));
  yield* inCalls(asDeltas ? whole : whole.map(({ basis: _, ...need }) => need));
  for (const need of needs) if (hasBasis(need)) yield [need];
}

/**
 * What is missing of the wanted contents, by the answer to `missing`: what is neither there nor there in part is missing
 * as a whole, which goes without saying. Throws a ProtocolError where the answer is none.
 */
export function needsOf(wanted: readonly ContentRef[], answer: unknown): ContentRequest[] {
  const { here, partial } = asObject(answer, 'an answer');
  const isHere = new Set(asList(here, 'digests').map(asDigest));
  const offsets = new Map(asList(partial, 'parts').map(asPair));
  return wanted
    .filter(({ digest }) => !isHere.has(digest))
    .map((one) => ({ ...one, offset: Math.min(one.size, offsets.get(one.digest) ?? 0) }));
}

function asPair(value: unknown): [string, number] {
  const [digest, offset] = asList(value, 'a part');
  return [asDigest(digest), asCount(offset, 'an offset')];
}

/** Throws a ProtocolError where it is none. */
export function asTrashItem(value: unknown): TrashItem {
  const { operation, path, size } = asObject(value, 'an item');
  return { operation: asPath(operation), path: asPath(path), size: asCount(size, 'a size') };
}
