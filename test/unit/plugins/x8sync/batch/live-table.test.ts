/** Many copies on a terminal: one live table, a row for each, whatever steps a copy has. */
import { expect, test } from '@jest/globals';
import { type BatchItem, runBatch } from '../../../../../plugins/x8sync/batch/batch.ts';
import type { CopyResult } from '../../../../../plugins/x8sync/run/request/request.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { createReporter } from '../../../../../src/ui/create-reporter.ts';
import type { Step } from '../../../../../src/ui/reporter.ts';
import { eventually } from '../../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { FakeTerminal } from '../../../support/fake-terminal.ts';

const result = {
  outcome: 'ok',
  lost: [],
  stats: { transferredFiles: 3, files: 3, transferredBytes: 5 },
} as unknown as CopyResult;

/** A copy with steps of its own, of which the second one waits until it is let go. */
function itemOf(name: string, failure?: Error): { readonly item: BatchItem; letGo(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const copy: BatchItem['copy'] = async ({ reporter }) => {
    const copying: Step = {
      title: 'Copy the files',
      run: async ({ progress }) => {
        progress({ bytes: 512, totalBytes: 2048 });
        await promise;
      },
    };
    await reporter.run([{ title: 'Check the claims', run: async () => {} }, copying]);
    reporter.warn('the source is in use');
    if (failure) throw failure;
    return result;
  };
  return { item: { label: `a/${name} → b/${name}`, copy }, letGo: resolve };
}

test('a batch is one live table: how far each copy is, who waits, and how each has ended', async () => {
  const terminal = new FakeTerminal({ isTTY: true, columns: 80 });
  const clock = fakeClock('2026-01-01T12:03:04');
  const how = { live: true, color: false, verbose: false, quiet: false, clock };
  const reporter = createReporter({ stream: terminal.stream, ...how });
  const { signal } = new AbortController();
  const copies = [itemOf('one'), itemOf('two', new RefusedError('no room')), itemOf('three')];
  const [, two] = copies;
  const items = copies.map(({ item }) => item);
  const running = runBatch(items, 2, { reporter, clock, signal, onAbandoned: () => {} });
  const shows = (...lines: readonly string[]) =>
    eventually(() => {
      const seen = terminal.screen().filter((line) => line !== '');
      // A row that is at work begins with a spinner, which turns.
      expect(seen.map((line) => line.replace(/^[⠀-⣿]/u, '~'))).toEqual(lines);
    }, 10_000);
  const copying = '  › █████░░░░░░░░░░░░░░░ 25% · 512 B/2.0 KiB';
  const waiting = ['~ a/three → b/three', '  › waits for its turn'];
  const said = ['Warning: a/two → b/two: the source is in use', 'Warning: a/two → b/two: no room'];
  try {
    await shows('~ a/one → b/one', copying, '~ a/two → b/two', copying, ...waiting);
    two?.letGo();
    await shows(...said, '~ a/one → b/one', copying, '✖ a/two → b/two', '~ a/three → b/three', copying);
  } finally {
    // A list that is live keeps its process.
    for (const { letGo } of copies) letGo();
  }
  expect((await running).map(({ outcome }) => outcome)).toEqual(['copied', 'failed', 'copied']);
  await shows(
    ...said,
    ...['one', 'three'].map((name) => `Warning: a/${name} → b/${name}: the source is in use`),
    '✔ a/one → b/one: 3 of 3 files, 5 B',
    '✖ a/two → b/two',
    '✔ a/three → b/three: 3 of 3 files, 5 B',
  );
});
