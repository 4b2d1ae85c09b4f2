/** What ends a synchronizer is told as what it is. */
import { describe, expect, test } from '@jest/globals';
import { CommonWork } from '../../../../../../plugins/devsync/session/attach/common-work.ts';
import { guardLine } from '../../../../../../plugins/devsync/session/runner/line-guard.ts';
import {
  otherRules,
  tellReplaced,
  untilReplaced,
} from '../../../../../../plugins/devsync/session/runner/until-replaced.ts';
import type { FileRules } from '../../../../../../plugins/devsync/spec/ignore-files.ts';
import { systemClock } from '../../../../../../src/clock.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const words = 'the ignore rules are others now: both sides are looked at anew';
const never = () => new Promise<never>(() => {});

/** A synchronizer that ends with its signal, beside a guard of its line; `letGo` once it has ended. */
function atWork() {
  const stop = new AbortController();
  const seen = { letGo: false };
  const running = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () =>
      setImmediate(() => {
        seen.letGo = true;
        resolve();
      }),
    );
  });
  const guarding = guardLine({ silentMs: 0 }, { kube: fakeKube(), clock: systemClock, signal: stop.signal });
  return { stop, seen, running, guarding };
}

describe('a synchronizer', () => {
  test('that gives way to other ignore rules has not failed', async () => {
    const { stop, seen, running, guarding } = atWork();
    const over = untilReplaced(running, [never(), guarding], stop);
    stop.abort(otherRules());
    expect((await over)?.message).toBe(words);
    expect(seen.letGo).toBe(true);
  });

  test('whose agent is lost ends with that, and has let go of both sides', async () => {
    const { stop, seen, running, guarding } = atWork();
    const loss = new Error('the agent was lost');
    await expect(untilReplaced(running, [Promise.reject(loss), guarding], stop)).rejects.toBe(loss);
    expect(seen.letGo).toBe(true);
  });

  test('that has come to its end gives way to none', async () => {
    const { stop, guarding } = atWork();
    expect(await untilReplaced(Promise.resolve(), [never(), guarding], stop)).toBeUndefined();
  });
});

describe('other ignore rules', () => {
  const rulesOf = (patterns: string): { rules: FileRules } => ({
    rules: { lists: [{ base: '', patterns }], repositories: [], ours: [] },
  });

  test('are told once for all containers of a sync, each time that they change', () => {
    const lines: string[] = [];
    const common = new CommonWork(new AbortController().signal);
    const tell = (patterns: string) =>
      tellReplaced(otherRules(), rulesOf(patterns), { common, onLog: (line) => lines.push(line) });
    for (const patterns of ['*.log', '*.log', '*.tmp', '*.tmp', '*.log']) tell(patterns);
    expect(lines).toEqual([words, words, words]);
  });

  test('are told each time by a sync with one container', () => {
    const lines: string[] = [];
    const options = { onLog: (line: string) => lines.push(line) };
    for (let time = 0; time < 2; time++) tellReplaced(otherRules(), rulesOf('*.log'), options);
    expect(lines).toEqual([words, words]);
  });
});
