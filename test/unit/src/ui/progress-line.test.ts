import { describe, expect, test } from '@jest/globals';
import { progressFigures, progressLine } from '../../../../src/ui/progress-line.ts';
import { truncate } from '../../../../src/ui/width.ts';

const GiB = 1024 ** 3;
const whole = {
  bytes: 1.2 * GiB,
  totalBytes: 2.8 * GiB,
  items: 12_345,
  totalItems: 50_000,
  unit: 'files',
  bytesPerSecond: 112 * 1024 ** 2,
  secondsLeft: 13.4,
};

describe('the figures', () => {
  test('are bytes, items, rate and time left', () => {
    expect(progressFigures(whole)).toBe('42% · 1.2 GiB/2.8 GiB · 12,345/50,000 files · 112 MiB/s · 14s left');
  });

  test('leave out what is not known', () => {
    expect(progressFigures({ bytes: 5 })).toBe('5 B');
    expect(progressFigures({ items: 5 })).toBe('5 items');
    expect(progressFigures({ items: 5, totalItems: 10 })).toBe('50% · 5/10 items');
    expect(progressFigures({ bytes: 0, totalBytes: 0 })).toBe('0 B/0 B');
  });

  test('say what is done by now, where a step begins anew', () => {
    expect(progressFigures({ doing: 'comparing', bytes: 1, totalBytes: 4 })).toBe(
      'comparing · 25% · 1 B/4 B',
    );
  });

  test('say that it is still counted where nobody knows what there is in all', () => {
    const counting = { counting: true, bytes: 5, items: 2, unit: 'files', bytesPerSecond: 1024 };
    expect(progressFigures(counting)).toBe('5 B · 2 files · counting · 1.0 KiB/s');
    expect(progressLine(counting, 80)).toBe('5 B · 2 files · counting · 1.0 KiB/s');
    expect(progressFigures({ counting: true })).toBe('counting');
  });

  test('never say a hundred percent of less, nor more of anything', () => {
    expect(progressFigures({ items: 9_999, totalItems: 10_000 })).toMatch(/^99% /);
    expect(progressFigures({ items: 12, totalItems: 10 })).toMatch(/^100% /);
    // Seventy thousand names of one file.
    const names = { bytes: 5, totalBytes: 5, items: 4_500, totalItems: 70_000 };
    expect(progressFigures(names)).toMatch(/^99% · 5 B\/5 B · 4,500\/70,000 /);
    expect(progressFigures({ ...names, items: 70_000 })).toMatch(/^100% /);
  });

  test('never say that no time is left while it goes on', () => {
    expect(progressFigures({ secondsLeft: 0 })).toBe('1s left');
    expect(progressFigures({ secondsLeft: 100 })).toBe('1m40s left');
  });
});

describe('the line', () => {
  test('has a bar that is filled in eighths', () => {
    expect(progressLine({ items: 1, totalItems: 2 }, 80)).toBe('██████████░░░░░░░░░░ 50% · 1/2 items');
    expect(progressLine({ items: 1, totalItems: 160 }, 80)).toMatch(/^▏░{19} 0% /);
    expect(progressLine({ items: 2, totalItems: 2 }, 80)).toMatch(/^█{20} 100% /);
  });

  test.each([120, 90, 80, 75, 70, 40, 10])('fits into %d columns', (columns) => {
    expect([...progressLine(whole, columns)].length).toBeLessThanOrEqual(columns);
  });

  test('keeps the figures where there is no room for a bar', () => {
    expect(progressLine(whole, 71)).toBe(progressFigures(whole));
  });

  test('has no bar without a total', () => {
    expect(progressLine({ bytes: 5 }, 80)).toBe('5 B');
  });
});

test('what is cut ends with an ellipsis', () => {
  expect(truncate('abcdef', 6)).toBe('abcdef');
  expect(truncate('abcdef', 5)).toBe('abcd…');
  expect(truncate('äöüß', 3)).toBe('äö…');
});
