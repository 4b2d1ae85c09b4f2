import { expect, test } from '@jest/globals';
import { SharedTexts } from '../../../../../plugins/nsreplicate/objects/shared-texts.ts';

test('keeps one text of each, of those that a cluster would have', () => {
  const texts = new SharedTexts(10);
  const names = ['0a9e-uid', 'https://10.0.0.1:6443', 'krm-sync-1', 'shop', 'shop'];
  expect(names.map((name) => texts.of(name))).toEqual(names);
  expect(texts.size).toBe(4);
  for (const odd of ['', 'a'.repeat(254), 'ä', 'a"b', '\u0000']) expect(texts.of(odd)).toBe(odd);
  expect(texts.size).toBe(4);
});

test('keeps no more than so many, whatever others write', () => {
  const texts = new SharedTexts(10);
  for (let index = 0; index < 1000; index++) texts.of(`n${index}`);
  expect(texts.size).toBeLessThanOrEqual(10);
  expect(texts.of('n999')).toBe('n999');
});
