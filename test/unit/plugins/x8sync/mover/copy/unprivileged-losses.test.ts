/** What an unprivileged copy loses is known at its end, or it is said that it is not known. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LossSurvey } from '../../../../../../plugins/x8sync/mover/copy/unprivileged-losses.ts';
import { type Stage, stage } from '../../../../support/mover-stage.ts';

let scene: Stage;
beforeEach(() => {
  scene = stage();
});
afterEach(() => scene[Symbol.dispose]());

/** The kinds that count as lost, with answers to the first and to a second question; undefined: a broken line. */
function lost(first: string | undefined, again: string | undefined): Promise<string[]> {
  const askOnce = async () => ({ code: first === undefined ? 255 : 0, stdout: first ?? '', stderr: '' });
  const ask = async () => {
    if (again === undefined) throw new Error('broken');
    return again;
  };
  return new LossSurvey({ askOnce, ask }, scene.runtime).lost();
}

const counts = '{"ownership":3,"devices":0,"capabilities":0}';

test('a survey that the connection broke is asked for again', async () => {
  expect(await lost(counts, undefined)).toEqual(['ownership']);
  expect(await lost(undefined, counts)).toEqual(['ownership']);
  expect(scene.said).toEqual([]);
  expect(await lost(undefined, undefined)).toEqual(['unknown']);
  expect(scene.said).toEqual([expect.stringContaining('could not be surveyed')]);
});
