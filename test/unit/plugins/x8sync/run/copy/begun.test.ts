import { expect, test } from '@jest/globals';
import { Begun } from '../../../../../../plugins/x8sync/run/copy/begun.ts';

test('is waited for to its end, whatever that is, with all that it begins meanwhile', async () => {
  const begun = new Begun();
  const ended: string[] = [];
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const later = async () => {
    await second.promise;
    ended.push('second');
    throw new Error('it failed');
  };
  const work = begun.add(
    first.promise.then(() => {
      ended.push('first');
      begun.add(later()).catch(() => {});
    }),
  );
  const settled = begun.settled().then(() => ended.push('settled'));
  first.resolve();
  await work;
  second.resolve();
  await settled;
  expect(ended).toEqual(['first', 'second', 'settled']);
});

test('is over at once where there is nothing', async () => {
  await new Begun().settled();
});
