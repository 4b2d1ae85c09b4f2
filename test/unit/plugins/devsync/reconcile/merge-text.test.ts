import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  hasMarkers,
  mergeTexts,
  TooManyEqualLines,
  unifiedDiff,
} from '../../../../../plugins/devsync/reconcile/merge-text.ts';

const base = 'a\nb\nc\nd\ne\n';

test('what each side has changed alone is taken, and what both have changed alike', () => {
  expect(mergeTexts('A\nb\nc\nd\ne\n', base, 'a\nb\nc\nd\nE')).toEqual({
    text: 'A\nb\nc\nd\nE',
    conflicts: 0,
  });
  expect(mergeTexts('a\nB\nc\nd\n', base, 'a\nB\nc\nd\ne\nf\n').conflicts).toBe(1);
  expect(mergeTexts('a\nX\nc\nd\ne\n', base, 'a\nX\nc\nd\ne\n')).toEqual({
    text: 'a\nX\nc\nd\ne\n',
    conflicts: 0,
  });
  expect(mergeTexts(base, base, '')).toEqual({ text: '', conflicts: 0 });
});

test('what both have changed stands between markers that begin lines', () => {
  const { text, conflicts } = mergeTexts('a\nhere', 'a\nb', 'a\nthere');
  expect([text, conflicts]).toEqual(['a\n<<<<<<< local\nhere\n=======\nthere\n>>>>>>> container\n', 1]);
  expect([hasMarkers(text), hasMarkers(base)]).toEqual([true, false]);
});

test('without the text that was agreed on, every difference is for a person', () => {
  expect(mergeTexts('a\nb\nc\n', undefined, 'a\nc\nd\n')).toEqual({
    text: 'a\n<<<<<<< local\nb\n=======\n>>>>>>> container\nc\n<<<<<<< local\n=======\nd\n>>>>>>> container\n',
    conflicts: 2,
  });
});

test('a file of nothing but equal lines is refused at once', () => {
  const many = '\n'.repeat(1 << 20);
  expect(() => mergeTexts(many, many, many)).toThrow(TooManyEqualLines);
  expect(() => unifiedDiff(many, `${many}x`)).toThrow(TooManyEqualLines);
});

test('differences are such that git applies them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'merge-text-'));
  const file = join(folder, 'file');
  const numbers = Array.from({ length: 40 }, (_, index) => `${index}\n`);
  const without = (...gone: number[]) => numbers.filter((_, index) => !gone.includes(index)).join('');
  const all = numbers.join('');
  try {
    for (const [old, now] of [
      [all, without(0)],
      [all, `${all}more`],
      [without(20), all],
      [all, without(3, 5, 30, 39)],
      ['x', 'y'],
      ['x\n', 'x'],
      [all, 'new\n'],
    ] as const) {
      writeFileSync(file, old);
      const patch = `--- a/file\n+++ b/file\n${unifiedDiff(old, now)}`;
      execFileSync('git', ['apply', '--unsafe-paths', '-'], { cwd: folder, input: patch });
      expect(readFileSync(file, 'utf8')).toBe(now);
    }
    expect(unifiedDiff(all, all)).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
