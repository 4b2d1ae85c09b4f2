/** What a run that is refused says, and that it has left nothing. */
import { expect } from '@jest/globals';
import type { Scene } from './scene.ts';
import { saidBy, x8sync } from './x8sync.ts';

/** Runs it and expects it to end so, with a message that has all these parts. */
export async function expectEnd(code: number, parts: (string | RegExp)[], ...args: string[]): Promise<void> {
  const text = saidBy(await x8sync(...args), code);
  for (const part of parts) expect(text).toMatch(part);
}

/** No task of this scene, finished or not. */
export async function expectNoRecords(scene: Scene): Promise<void> {
  expect(await scene.records()).toEqual([]);
}
