import { describe, expect, test } from '@jest/globals';
import {
  aCall,
  asTrashItem,
  inCalls,
  inReads,
  needsOf,
} from '../../../../../../plugins/devsync/session/attach/agent-calls.ts';
import type { ContentRequest } from '../../../../../../plugins/devsync/sync/endpoint.ts';

const digest = (letter: string) => letter.repeat(64);
const content = (letter: string, size = 10) => ({ digest: digest(letter), size, path: letter });

describe('parts of what is asked', () => {
  test('hold as many things as go into one call, in their order', () => {
    const all = Array.from({ length: aCall + 1 }, (_, index) => ({ path: `${index}` }));
    const parts = [...inCalls(all)];
    expect(parts.map(({ length }) => length)).toEqual([aCall, 1]);
    expect(parts.flat()).toEqual(all);
    expect([...inCalls([])]).toEqual([]);
  });

  const basis = {} as NonNullable<ContentRequest['basis']>;
  const [whole, differing] = [
    { ...content('a'), offset: 0 },
    { ...content('b'), offset: 0, basis },
  ];

  test('ask for each content with a signature by itself', () => {
    expect([...inReads([differing, whole, differing], true)]).toEqual([[whole], [differing], [differing]]);
  });

  test('leave signatures out where the agent knows no differences', () => {
    expect([...inReads([differing, whole], false)]).toEqual([[{ ...content('b'), offset: 0 }, whole]]);
  });
});

describe('what is missing', () => {
  const wanted = ['a', 'b', 'c'].map((letter) => content(letter));

  test('is what the agent has neither whole nor in part, from where it ends', () => {
    expect(needsOf(wanted, { here: [digest('a')], partial: [[digest('b'), 4]] })).toEqual([
      { ...content('b'), offset: 4 },
      { ...content('c'), offset: 0 },
    ]);
  });

  test('begins no later than where the content ends, whatever the agent says', () => {
    expect(needsOf([content('a')], { here: [], partial: [[digest('a'), 11]] })).toEqual([
      { ...content('a'), offset: 10 },
    ]);
  });

  test.each([null, {}, { here: ['../x'], partial: [] }, { here: [], partial: [[digest('a'), -1]] }])(
    'is not told by %j',
    (answer) => {
      expect(() => needsOf(wanted, answer)).toThrow();
    },
  );
});

test('an item of the trash is taken for one only where its paths are paths', () => {
  const item = { operation: 'op', path: 'a/b', size: 3 };
  expect(asTrashItem({ ...item, more: 1 })).toEqual(item);
  expect(() => asTrashItem({ ...item, path: '../b' })).toThrow();
  expect(() => asTrashItem({ ...item, size: -1 })).toThrow();
});
