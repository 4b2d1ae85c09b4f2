import { expect, test } from '@jest/globals';
import { reasonOf, shorten } from '../../../../../../plugins/devsync/sync/files/system-error.ts';

test('a message is as long as a person reads, whatever path is in it', () => {
  expect(shorten('EISDIR: illegal operation on a directory, read')).toMatch(/read$/);
  const path = 'x'.repeat(4040);
  const words = reasonOf(new Error(`ELOOP: too many links, open '${path}' -> '${path}' at the end`));
  expect(words).toMatch(/^ELOOP: too many links, open 'x+ … x+' at the end$/);
  expect(words.length).toBeLessThan(500);
});
