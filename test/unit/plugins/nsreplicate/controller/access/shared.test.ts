/** Things that several users share. */
import { expect, test } from '@jest/globals';
import { Shared } from '../../../../../../plugins/nsreplicate/controller/access/shared.ts';

test('one is made for all users of a key, and closed after the last', async () => {
  const closed: string[] = [];
  let made = 0;
  const shared = new Shared<string>((value) => closed.push(value));
  const make = async () => `made ${++made}`;
  const [first, second] = [new AbortController(), new AbortController()];
  expect(await shared.use('a', make, first.signal)).toBe('made 1');
  expect(await shared.use('a', make, second.signal)).toBe('made 1');
  first.abort();
  await Promise.resolve();
  expect([closed, shared.size]).toEqual([[], 1]);
  second.abort();
  await Promise.resolve();
  expect([closed, shared.size]).toEqual([['made 1'], 0]);
  expect(await shared.use('a', make, new AbortController().signal)).toBe('made 2');
});

test('what could not be made is made anew for the next', async () => {
  const shared = new Shared<string>(() => undefined);
  const { signal } = new AbortController();
  await expect(shared.use('a', () => Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  expect(await shared.use('a', async () => 'yes', signal)).toBe('yes');
});

test('who is over already gets none', () => {
  const shared = new Shared<string>(() => undefined);
  expect(() => shared.use('a', async () => 'yes', AbortSignal.abort(new Error('over')))).toThrow('over');
});
