/** What may be wished otherwise from one run of a task to the next, and what becomes of a mover that runs. */
import { expect, test } from '@jest/globals';
import {
  changedWishes,
  moverWishes,
  unmetWishes,
  type Wished,
  wishesAnnotation,
  wishesIn,
  wishesText,
} from '../../../../../../plugins/x8sync/run/request/wishes.ts';

const patch = { from: 'p.yaml', patch: { spec: { secret: 'TOKEN' } } };

/** One of each. */
const all: Required<Wished> = {
  bandwidth: '10M',
  parallel: { parallelism: 2, partitions: 3, partitionFiles: 4, partitionBytes: 5 },
  pods: { asked: 2, modes: { source: [], target: [] } },
  compress: 'zstd',
  rsyncArgs: ['--fsync', '--whole-file'],
  allowEmpty: true,
  deletes: 'all',
  verify: true,
  options: {
    imagePullSecrets: ['pull'],
    serviceAccount: 'copier',
    cpu: { request: '1' },
    memory: { limit: '1Gi' },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    priorityClass: 'high',
    labels: { team: 'shop' },
    annotations: { why: 'move' },
    patches: [patch],
  },
};

/** Every single wish by itself. */
const singles: [string, Wished][] = [
  ...Object.entries(all)
    .filter(([name]) => name !== 'parallel' && name !== 'options')
    .map(([name, value]): [string, Wished] => [name, { [name]: value }]),
  ...Object.entries(all.parallel ?? {}).map(([name, value]): [string, Wished] => [
    name,
    { parallel: { [name]: value } },
  ]),
  ...Object.entries(all.options ?? {}).map(([name, value]): [string, Wished] => [
    name,
    { options: { [name]: value } },
  ]),
];

test.each(singles)('%s given anew is a wish of its own', (_name, wished) => {
  const wishes = moverWishes(wished);
  expect(Object.keys(wishes)).toHaveLength(1);
  expect(unmetWishes({}, wishes, false)).toHaveLength(1);
  expect(unmetWishes(wishes, {}, false)).toHaveLength(1);
  expect(unmetWishes(wishes, wishes, false)).toEqual([]);
});

test('what chooses for itself, and what is empty, is no wish', () => {
  const nothing: Wished = {
    ...{ bandwidth: '', compress: 'auto', rsyncArgs: [], allowEmpty: false, deletes: 'half', verify: false },
    ...{ parallel: {}, options: { labels: {}, imagePullSecrets: [], patches: [] } },
  };
  expect(moverWishes(nothing)).toEqual({});
  expect(moverWishes({})).toEqual({});
});

test('a change is told by the flags; what a patch holds is told to nobody', () => {
  const [before, now] = [moverWishes({ bandwidth: '10M' }), moverWishes({ bandwidth: '5M', verify: true })];
  expect(changedWishes(before, now)).toEqual(['--bwlimit: 10M → 5M', '--verify: (not set) → given']);
  expect(wishesText(moverWishes(all))).not.toMatch(/TOKEN/);
});

test('of a mover that has ended well only a comparison can still be asked for', () => {
  const now = moverWishes({ bandwidth: '5M', verify: true });
  expect(unmetWishes({}, now, true)).toEqual(['--verify: (not set) → given']);
  expect(unmetWishes(now, {}, true)).toEqual([]);
  expect(unmetWishes(now, moverWishes({ verify: true }), true)).toEqual([]);
});

test('an object says what it was made for; one that says nothing, or something else, was made for nothing', () => {
  const wishes = moverWishes(all);
  const objectWith = (text: string) => ({
    metadata: { name: 'x', annotations: { [wishesAnnotation]: text } },
  });
  expect(wishesIn(objectWith(wishesText(wishes)))).toEqual(wishes);
  expect(wishesIn({ metadata: { name: 'x' } })).toEqual({});
  for (const text of ['', '{', 'null', '3f2a']) expect(wishesIn(objectWith(text))).toEqual({});
});
