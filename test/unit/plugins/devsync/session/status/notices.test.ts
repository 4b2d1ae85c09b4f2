import { expect, test } from '@jest/globals';
import { Notices } from '../../../../../../plugins/devsync/session/status/notices.ts';

test('what is put right over and over is told once a minute, and anything else at once', () => {
  const lines: string[] = [];
  const notices = new Notices({ local: 'alpha', container: 'beta' }, (line) => lines.push(line));
  const told = (...args: Parameters<Notices['putRight']>) => {
    notices.putRight(...args);
    return lines.splice(0).map((line) => line.replace('; restore lists what was there', ''));
  };
  expect(told('container', [], 0)).toEqual([]);
  expect(told('container', ['log'], 0)).toEqual(['put right in the container: 1 file (log)']);
  expect(told('container', ['log'], 30_000)).toEqual([]);
  expect(told('container', ['a', 'b', 'c', 'd'], 40_000)).toEqual([
    'put right in the container: 4 files (a, b, c, and 1 more)',
  ]);
  expect(told('container', ['log'], 59_999)).toEqual([]);
  expect(told('local', ['log'], 59_999)).toEqual(['put right here: 1 file (log)']);
  expect(told('container', ['log'], 60_000)).toEqual(['put right in the container: 1 file (log)']);
});

test('what is deleted is told each time', () => {
  const lines: string[] = [];
  const notices = new Notices({ local: 'alpha', container: 'beta' }, (line) => lines.push(line));
  notices.deleted('local', []);
  for (let time = 0; time < 2; time++) notices.deleted('container', ['a', 'b', 'c', 'd']);
  const line = 'deleted in the container: 4 files (a, b, c, and 1 more)';
  expect(lines).toEqual([line, line]);
});
