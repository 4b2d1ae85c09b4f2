/** Suggestions for mistyped names. */

/** Edits (insert, delete, replace) between two words, after Levenshtein. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The candidates, those most like `word` first; names that hold it come before all others. */
export function closest(word: string, candidates: Iterable<string>): string[] {
  const wanted = word.toLowerCase();
  const score = (candidate: string) => {
    const name = candidate.toLowerCase();
    return name.includes(wanted) || wanted.includes(name) ? 0 : distance(wanted, name);
  };
  return [...candidates]
    .map((name) => ({ name, score: score(name) }))
    .sort((a, b) => a.score - b.score || a.name.localeCompare(b.name))
    .map(({ name }) => name);
}

/**
 * The candidate that was probably meant: one that the word begins, or within two edits (a third of a longer
 * word; none of a word of one or two letters). Undefined where nothing is that near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  const allowed = word.length <= 2 ? 0 : Math.max(2, Math.floor(word.length / 3));
  const [best] = [...candidates]
    .map((name) => ({
      name,
      edits: distance(wanted, name.toLowerCase()),
      begun: word.length > 1 && name.startsWith(word),
    }))
    .filter(({ edits, begun }) => begun || edits <= allowed)
    .sort((a, b) => Number(b.begun) - Number(a.begun) || a.edits - b.edits || a.name.localeCompare(b.name));
  return best?.name;
}
