/** Namespaces with a claim in each cluster, to which something is going to object. */
import { expect } from '@jest/globals';
import { contextA, contextB } from './contexts.ts';
import { Scene } from './scene.ts';
import { saidBy, x8sync } from './x8sync.ts';

/** The places of one test file, and what is to be undone in the end. */
export class GuardedPlaces {
  readonly #undo: (() => Promise<unknown>)[] = [];

  /** A namespace of its own, with a claim in each cluster. */
  async open(purpose: string): Promise<Scene> {
    const own = await Scene.open(purpose);
    this.later(() => own.close());
    await Promise.all([own.claim(contextA, 'source'), own.claim(contextB, 'target')]);
    await own.shell(contextA, 'source', 'echo data >/data/file');
    return own;
  }

  /** What is done once all tests have ended. */
  later(step: () => Promise<unknown>): void {
    this.#undo.push(step);
  }

  async close(): Promise<void> {
    await Promise.all(this.#undo.map((step) => step()));
  }
}

/** SOURCE and TARGET of a copy in such a place. */
export const refs = (own: Scene): readonly [string, string] => [
  own.ref(contextA, 'source'),
  own.ref(contextB, 'target'),
];

/** What is against every pod of ours is told beforehand, with these words and where to look, and leaves nothing. */
export async function expectToldBeforehand(own: Scene, words: RegExp, hint: RegExp): Promise<void> {
  const said = saidBy(await x8sync(...refs(own)), 3);
  expect(said).toMatch(words);
  expect(said).toMatch(hint);
  expect(said).not.toMatch(/pod-security|Pod Security/);
  expect(await own.leftovers()).toEqual([]);
}
