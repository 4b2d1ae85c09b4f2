/** Patterns may come from a container: none may take longer than the length of the text squared. */
import { expect, test } from '@jest/globals';
import { compileWildcards } from '../../../../../../plugins/devsync/sync/ignore/wildmatch.ts';

/** A text that counts how often it is looked at. */
function fakeText(text: string) {
  const counted = {
    looks: 0,
    length: text.length,
    charCodeAt(at: number) {
      counted.looks += 1;
      return text.charCodeAt(at);
    },
    indexOf: (part: string, from: number) => text.indexOf(part, from),
  };
  return counted;
}

test.each<[string, string, string]>([
  ['stars in a name', '*a'.repeat(40), 'a'.repeat(250)],
  ['directories and stars', '**/a*/'.repeat(20), Array(100).fill('aaaa').join('/')],
])('%s', (_, pattern, text) => {
  const wildcards = compileWildcards(`${pattern}b`, { isPath: true, foldsCase: false });
  const counted = fakeText(text);
  expect(wildcards?.matches(counted as unknown as string)).toBe(false);
  expect(counted.looks).toBeGreaterThan(text.length / 5);
  expect(counted.looks).toBeLessThan(2 * text.length ** 2);
});
