/** The sum of a test run, from reports that jest wrote: a crashed file, one that cannot be loaded, a failed test. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { failedFilesOf, type JestReport, outcomeOf, settled, sumOf } from '../../support/outcome.ts';

const reportOf = (name: string): JestReport =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'reports', `${name}.json`), 'utf8'));
const [besideOthers, alone] = [reportOf('beside-others'), reportOf('alone')];
const failure = { code: 1, signal: null };
const success = { code: 0, signal: null };

const first = outcomeOf('unit', besideOthers, failure, (path) => basename(path));
/** The second run of one file alone. */
const again = (file: string, report = alone) => {
  const testResults = report.testResults.filter(({ name }) => basename(name) === file);
  const exit = testResults.some(({ status }) => status === 'failed') ? failure : success;
  return outcomeOf(`unit, ${file} alone`, { testResults }, exit, (path) => basename(path));
};
const crash = 'crash.test.js (crashed: its process was ended by SIGABRT)';
const unloadable = "unloadable.test.js (Cannot find module './nowhere.js' from 't/unloadable.test.js')";

test('a file whose process crashed is named with the signal, as one that cannot be loaded is with its cause', () => {
  expect(settled(first)).toEqual({
    counts: { passed: 2, failed: 3, skipped: 0 },
    failed: ['ok.test.js: is wrong at first', crash, unloadable],
    unsteady: [],
  });
  expect(failedFilesOf(first).map((path) => basename(path))).toEqual([
    'ok.test.js',
    'crash.test.js',
    'unloadable.test.js',
  ]);
});

test('a crashed file that passes alone counts with all its tests, and is named once, as unsteady', () => {
  const runs = ['ok.test.js', 'crash.test.js', 'unloadable.test.js'].map((file) => again(file));
  expect(settled(first, runs)).toEqual({
    counts: { passed: 6, failed: 1, skipped: 0 },
    failed: [unloadable],
    unsteady: ['ok.test.js: is wrong at first', crash],
  });
});

test('a second run that crashes as well repairs nothing, and says so', () => {
  const crashedAgain = outcomeOf(
    'unit, crash.test.js alone',
    undefined,
    { code: null, signal: 'SIGABRT' },
    basename,
  );
  expect(settled(first, [again('ok.test.js'), crashedAgain])).toEqual({
    counts: { passed: 3, failed: 3, skipped: 0 },
    failed: [
      crash,
      unloadable,
      'unit, crash.test.js alone: jest was ended by SIGABRT before it could report',
    ],
    unsteady: ['ok.test.js: is wrong at first'],
  });
});

test('a test that its second run does not reach has not passed', () => {
  const [ok] = besideOthers.testResults;
  const skipped = {
    testResults: [
      {
        name: ok?.name ?? '',
        status: 'passed',
        message: '',
        assertionResults: [{ fullName: 'is wrong at first', status: 'pending' }],
      },
    ],
  };
  expect(settled(first, [again('ok.test.js', skipped)])).toMatchObject({
    counts: { passed: 1, failed: 2, skipped: 1 },
    unsteady: [],
  });
});

test('a jest that ends without a report, or fails without a failed test, is a failure', () => {
  const killed = outcomeOf('fault', undefined, { code: null, signal: 'SIGKILL' }, basename);
  expect(settled(killed)).toEqual({
    counts: { passed: 0, failed: 1, skipped: 0 },
    failed: ['fault: jest was ended by SIGKILL before it could report'],
    unsteady: [],
  });
  const passing = { testResults: besideOthers.testResults.filter(({ status }) => status === 'passed') };
  expect(settled(outcomeOf('third', passing, failure, basename))).toMatchObject({
    counts: { passed: 1, failed: 1 },
    failed: ['third: jest ended with 1 without a failed test'],
  });
});

test('the last line of the sum is the counts alone, after what failed and what is unsteady', () => {
  const green = settled(outcomeOf('unit', { testResults: [] }, success, basename));
  expect(sumOf([green])).toBe('0 passed, 0 failed, 0 skipped');
  expect(sumOf([green, settled(first, [again('crash.test.js')])]).split('\n')).toEqual([
    'Failed:',
    '  ok.test.js: is wrong at first',
    `  ${unloadable}`,
    'Failed beside others and passed alone, each a defect to mend:',
    `  ${crash}`,
    '5 passed, 2 failed, 0 skipped',
  ]);
});
