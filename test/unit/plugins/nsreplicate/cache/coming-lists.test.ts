import { describe, expect, test } from '@jest/globals';
import { ComingLists } from '../../../../../plugins/nsreplicate/cache/coming-lists.ts';
import { keyOf, listOf } from '../../../../../plugins/nsreplicate/objects/keys.ts';
import { settle } from '../../../support/fake-clock.ts';

const list = listOf('ConfigMap', 'shop');
const [a, b] = ['a', 'b'].map((name) => keyOf('ConfigMap', 'shop', name)) as [string, string];

/** Whether a promise has been resolved by now. */
async function isThrough(promise: Promise<void>): Promise<boolean> {
  let through = false;
  void promise.then(() => {
    through = true;
  });
  await settle();
  return through;
}

describe('a list that is on its way', () => {
  test('is about the objects of its kind and namespace, or of all namespaces', () => {
    const lists = new ComingLists();
    expect(lists.isAbout(a)).toBe(false);
    lists.begin(list);
    lists.begin(listOf('Secret', undefined));
    expect([
      lists.isAbout(a),
      lists.isAbout(keyOf('ConfigMap', 'pay', 'a')),
      lists.isAbout(keyOf('Secret', 'pay', 'a')),
    ]).toEqual([true, false, true]);
    lists.end(list);
    expect([lists.isAbout(a), lists.isComing(list)]).toEqual([false, false]);
  });

  test('lets those go on who wait for what is settled, and all others when it is over', async () => {
    const lists = new ComingLists();
    lists.begin(list);
    const [both, one, later] = [[a, b], [a], [b]].map((keys) => lists.settled(list, keys)) as Promise<void>[];
    lists.settle(a, true);
    expect(await Promise.all([both, one, later].map((wait) => isThrough(wait as Promise<void>)))).toEqual([
      false,
      true,
      false,
    ]);
    expect(await isThrough(lists.settled(list, [a]))).toBe(true);
    expect([...lists.end(list)]).toEqual([a]);
    expect(await isThrough(Promise.all([both, later]).then(() => undefined))).toBe(true);
    expect(await isThrough(lists.settled(list, [b]))).toBe(true);
  });

  test('has settled nothing any more when it begins anew, nor what is found to differ', async () => {
    const lists = new ComingLists();
    lists.begin(list);
    lists.settle(a, true);
    lists.settle(b, true);
    lists.settle(b, false);
    expect(await isThrough(lists.settled(list, [b]))).toBe(false);
    lists.begin(list);
    expect(await isThrough(lists.settled(list, [a]))).toBe(false);
    expect([...lists.end(list)]).toEqual([]);
  });
});
