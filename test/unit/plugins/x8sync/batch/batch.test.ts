/** Many copies: so many at a time, and one that fails keeps no other from being made. */
import { describe, expect, test } from '@jest/globals';
import { type BatchItem, runBatch } from '../../../../../plugins/x8sync/batch/batch.ts';
import { batchError, describeBatch, documentOf } from '../../../../../plugins/x8sync/batch/outcome.ts';
import type { CopyContext, CopyResult } from '../../../../../plugins/x8sync/run/request/request.ts';
import { systemClock } from '../../../../../src/clock.ts';
import {
  InterruptedError,
  RefusedError,
  UnreachableError,
  type X8sError,
} from '../../../../../src/errors.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { settle } from '../../../support/fake-clock.ts';

const result = (outcome: 'ok' | 'partial' = 'ok') =>
  ({
    outcome,
    message: 'some',
    lost: [],
    stats: { transferredFiles: 1, files: 1, transferredBytes: 5 },
  }) as unknown as CopyResult;
const context = (signal = new AbortController().signal): CopyContext => ({
  reporter: createSilentReporter(),
  clock: systemClock,
  signal,
  onAbandoned: () => {},
});
const item = (label: string, copy: BatchItem['copy']): BatchItem => ({ label: `${label} → ${label}`, copy });

describe('many copies', () => {
  test('are made two at a time', async () => {
    let [running, most] = [0, 0];
    const items = Array.from({ length: 6 }, (_, index) =>
      item(`c${index}`, async () => {
        running += 1;
        most = Math.max(most, running);
        await settle();
        running -= 1;
        return result();
      }),
    );
    const entries = await runBatch(items, 2, context());
    expect(most).toBe(2);
    expect(entries.map(({ outcome }) => outcome)).toEqual(Array(6).fill('copied'));
    expect(batchError(entries)).toBeUndefined();
  });

  test('into one claim are made one after the other, and keep no others waiting', async () => {
    const events: string[] = [];
    const keyed = (name: string, key: string): BatchItem => ({
      key,
      ...item(name, async () => {
        events.push(`+${name}`);
        await settle();
        events.push(`-${name}`);
        return result();
      }),
    });
    await runBatch([keyed('a1', 'a'), keyed('a2', 'a'), keyed('b', 'b')], 2, context());
    expect(events.slice(0, 2)).toEqual(['+a1', '+b']);
    expect(events.indexOf('-a1')).toBeLessThan(events.indexOf('+a2'));
  });

  test('of which one was copied before by its name: it is skipped, said so, and keeps nothing from being well', async () => {
    const skipped = 'task move-db has finished already, at 2026-11-28: 3 of 3 files copied';
    const entries = await runBatch(
      [item('a', async () => ({ skipped })), item('b', async () => result())],
      2,
      context(),
    );
    expect(batchError(entries)).toBeUndefined();
    expect(describeBatch(entries)).toBe(
      `1 of 2 claims copied, 1 copied before\n  skipped    a → a: ${skipped}\n  copied     b → b: 1 of 1 file, 5 B`,
    );
    expect(documentOf(entries)).toMatchObject({
      ...{ copied: 1, skipped: 1, failed: 0 },
      copies: [{ source: 'a', outcome: 'skipped', message: skipped }, { outcome: 'copied' }],
    });
    const failing = item('c', () => Promise.reject(new RefusedError('in use')));
    const others = await runBatch([item('a', async () => ({ skipped })), failing], 2, context());
    expect(batchError(others)).toMatchObject({ exitCode: 5, details: ['c → c: in use'] });
  });

  test('come to exit code 5 where some fail, and to theirs where all do', async () => {
    const bad = item('bad', () => Promise.reject(new RefusedError('in use')));
    const half = item('half', async () => result('partial'));
    const entries = await runBatch([bad, item('good', async () => result()), half], 2, context());
    expect(batchError(entries)).toMatchObject({
      exitCode: 5,
      message: '2 of 3 claims could not be copied wholly',
      details: ['bad → bad: in use', 'half → half: some'],
    });
    expect(documentOf(entries)).toMatchObject({ copied: 1, incomplete: 1, failed: 1 });
    expect(describeBatch(entries)).toMatch(
      /^1 of 3 claims copied, 1 not wholly, 1 failed\n {2}failed {5}bad → bad: in use\n/,
    );
    expect(batchError(await runBatch([bad, bad], 2, context()))).toMatchObject({
      exitCode: 3,
      message: 'none of 2 claims was copied',
    });
  });

  test('of which none was made, and each failed otherwise, have failed: exit code 1, not 5', async () => {
    const busy = item('busy', () => Promise.reject(new RefusedError('in use')));
    const away = item('away', () => Promise.reject(new UnreachableError('no answer')));
    const error = batchError(await runBatch([busy, away], 2, context()));
    expect(error).toMatchObject({ exitCode: 1, message: 'none of 2 claims was copied' });
    const half = item('half', async () => result('partial'));
    expect(batchError(await runBatch([busy, half], 2, context()))).toMatchObject({ exitCode: 5 });
  });

  test('advise what the failures advise, each once, before the same command is of use again', async () => {
    const again = 'the same command copies what is missing: what is there already is skipped';
    const failing = (hint?: string) => item('bad', () => Promise.reject(new RefusedError('no', { hint })));
    const hintOf = async (...hints: (string | undefined)[]) =>
      batchError(await runBatch(hints.map(failing), 2, context()))?.hint;
    expect(await hintOf(undefined)).toBe(again);
    expect(await hintOf('scale it down', undefined, 'scale it down')).toBe(
      `scale it down; once that is done, ${again}`,
    );
    expect(await hintOf('a', 'b', 'c', 'd')).toBe(
      `a; b; c; -o json shows the hints of the others; once that is done, ${again}`,
    );
  });

  test('end with what is no failure of a copy, though another copy had failed before', async () => {
    const defect = new TypeError('undefined is not a function');
    const items = [
      item('bad', () => Promise.reject(new RefusedError('in use'))),
      item('defect', async () => {
        await settle();
        throw defect;
      }),
    ];
    await expect(runBatch(items, 2, context())).rejects.toBe(defect);
  });

  test('end where the person ends them', async () => {
    const stop = new AbortController();
    const first = item('first', async ({ signal }) => {
      stop.abort(new Error('stopped'));
      signal.throwIfAborted();
      return result();
    });
    let begun = false;
    const second = item('second', async () => {
      begun = true;
      return result();
    });
    await expect(runBatch([first, second], 1, context(stop.signal))).rejects.toThrow('stopped');
    expect(begun).toBe(false);
  });

  describe('that are interrupted', () => {
    const stays = new InterruptedError('SIGINT', 'interrupted; task k1 stays in the clusters as it is', {
      hint: 'run the same command again to take it up, or end it: kubectl x8sync cleanup k1 --context b',
      details: ['left: Job shop/k1'],
    });
    /** Two are done; then the person presses Ctrl-C, with two at work and one that waits. */
    const interrupted = async (signal: 'SIGINT' | 'SIGTERM', errors: readonly unknown[]) => {
      const stop = new AbortController();
      const going = errors.map((error, index) =>
        item(`going${index}`, async () => {
          await settle();
          stop.abort(new InterruptedError(signal));
          await settle();
          throw error;
        }),
      );
      const items = [
        item('done', async () => result()),
        item('bad', () => Promise.reject(new RefusedError('in use'))),
        ...going,
        item('later', async () => result()),
      ];
      return runBatch(items, 2, context(stop.signal)).then(
        () => undefined,
        (error: X8sError) => error,
      );
    };

    test('tell of each whether it stays, is gone or had not begun, and how to go on with it', async () => {
      const gone = new InterruptedError('SIGINT', 'interrupted; all that the task had made is cleaned up', {
        hint: 'files that were copied so far stay at the target; run the same command again for the rest',
      });
      const error = await interrupted('SIGINT', [stays, gone]);
      expect(error).toMatchObject({
        exitCode: 130,
        message: 'interrupted; 1 of 5 claims copied, 1 failed, 2 interrupted, 1 not begun',
        details: [
          'done → done: 1 of 1 file, 5 B',
          'bad → bad: failed: in use',
          'going0 → going0: interrupted; task k1 stays in the clusters as it is',
          '  left: Job shop/k1',
          '  run the same command again to take it up, or end it: kubectl x8sync cleanup k1 --context b',
          'going1 → going1: interrupted; all that the task had made is cleaned up',
          '  files that were copied so far stay at the target; run the same command again for the rest',
          'later → later: not begun',
        ],
        hint: 'the same command begins what had not begun, too',
      });
    });

    test('end with the code of their signal, also where a copy threw what is no error of ours', async () => {
      const error = await interrupted('SIGTERM', [new DOMException('aborted', 'AbortError'), stays]);
      expect(error?.exitCode).toBe(143);
      expect(error?.details).toContain('going0 → going0: interrupted');
    });
  });
});
