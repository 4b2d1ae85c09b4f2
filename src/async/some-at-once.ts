/** Many requests to one server, a few at a time. */

const PARALLEL = 8;

/** Runs the work `parallel` pieces at a time; results in the order of the work. Rejects with the first failure. */
export async function someAtOnce<T>(work: readonly (() => Promise<T>)[], parallel = PARALLEL): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < work.length; at += parallel)
    results.push(...(await Promise.all(work.slice(at, at + parallel).map((one) => one()))));
  return results;
}
