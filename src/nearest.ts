/** Did-you-mean. */

/** Edits (insert, delete, replace, swap of neighbours) from one word to the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => rows[i]?.[j] ?? Math.max(i, j);
  for (let j = 1; j <= b.length; j += 1) {
    for (let i = 0; i <= a.length; i += 1) {
      const row = rows[i] ?? [];
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] =
        i === 0
          ? j
          : Math.min(
              at(i - 1, j) + 1,
              at(i, j - 1) + 1,
              at(i - 1, j - 1) + same,
              swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
            );
    }
  }
  return at(a.length, b.length);
}

/** All candidates, the nearest to the word first; those it begins with come before equals. */
export function nearestFirst(word: string, candidates: readonly string[]): string[] {
  const rank = (candidate: string) =>
    distance(word.toLowerCase(), candidate.toLowerCase()) - (candidate.startsWith(word) ? 0.5 : 0);
  return candidates
    .map((candidate) => ({ candidate, rank: rank(candidate) }))
    .sort((x, y) => x.rank - y.rank || (x.candidate < y.candidate ? -1 : 1))
    .map(({ candidate }) => candidate);
}

/** The candidate that was probably meant: at most two edits, or a third of the word; else undefined. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const [best] = nearestFirst(word, candidates);
  if (best === undefined) return undefined;
  if (word.length > 1 && best.startsWith(word)) return best;
  return distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(word.length / 3))
    ? best
    : undefined;
}
