/** Runs of one scene that are in the middle of their work when something is done to them. */
import { expect } from '@jest/globals';
import { contextA, contextB } from './contexts.ts';
import { someFiles } from './files.ts';
import { kubectl } from './kubectl.ts';
import type { Running } from './process.ts';
import { expectSameTrees } from './same-trees.ts';
import { partArrives, Scene } from './scene.ts';
import { startX8sync } from './x8sync.ts';

/** So that a copy takes longer than what is done to it meanwhile, also on a busy machine. */
export const slowly = ['--bwlimit', '700K'];
/** Where it is not to come to its end: that takes half a minute. */
export const slower = ['--bwlimit', '200K'];

export class BrokenRuns {
  readonly scene: Scene;
  readonly source: string;

  private constructor(scene: Scene) {
    this.scene = scene;
    this.source = scene.ref(contextA, 'source');
  }

  /** A scene of its own, with the source that they copy. */
  static async open(): Promise<BrokenRuns> {
    const scene = await Scene.open('broken');
    await scene.claim(contextA, 'source');
    await scene.shell(contextA, 'source', someFiles(6));
    return new BrokenRuns(scene);
  }

  /** A run that is in the middle of the one big file, into a claim that is made for it. */
  async copying(claim: string, speed: readonly string[], ...args: string[]): Promise<Running> {
    await this.scene.claim(contextB, claim);
    return this.into(claim, speed, ...args);
  }

  /** The same into a claim that is there. */
  async into(claim: string, speed: readonly string[], ...args: string[]): Promise<Running> {
    const { scene, source } = this;
    const running = startX8sync(source, scene.ref(contextB, claim), ...args, ...speed);
    await running.saw('Copy the files …');
    await partArrives(scene, contextB, claim);
    return running;
  }

  async expectWhole(claim: string, task: string): Promise<void> {
    const { scene } = this;
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, claim]);
    expect(await scene.leftovers(task)).toEqual([]);
  }

  /** kubectl in the scene's namespace. */
  on(context: string, ...args: string[]): Promise<string> {
    return kubectl(context, ['-n', this.scene.namespace, ...args]);
  }

  deleteClaim(context: string, claim: string): Promise<string> {
    return this.on(context, 'delete', `pvc/${claim}`, '--wait=false');
  }
}
