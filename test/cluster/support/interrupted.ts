/** Runs that a test ends at one of their steps. */
import { expect } from '@jest/globals';
import { contextA, contextB } from './contexts.ts';
import { someFiles } from './files.ts';
import type { Running } from './process.ts';
import { Scene } from './scene.ts';
import { steps } from './steps.ts';
import { saidBy, startX8sync, taskOf } from './x8sync.ts';

/** Before anything is made, in the middle, and at the end; all steps are tried in x8sync-interrupted.long.test.ts. */
export const stepsOfShortStory: readonly string[] = [
  'the name is taken at the target',
  'the files are copied',
  'it cleans up',
];

export class InterruptedRuns {
  readonly scene: Scene;
  readonly source: string;

  private constructor(scene: Scene, source: string) {
    this.scene = scene;
    this.source = source;
  }

  /** A scene of its own, with the source that all of them copy. */
  static async open(): Promise<InterruptedRuns> {
    const scene = await Scene.open('interrupted');
    await scene.claim(contextA, 'source');
    await scene.shell(contextA, 'source', someFiles(6));
    return new InterruptedRuns(scene, scene.ref(contextA, 'source'));
  }

  /** Runs it until a line is seen, so slowly that it is not at its end by then, however busy the machine is. */
  async until(line: RegExp, ...args: string[]): Promise<Running> {
    const running = startX8sync(this.source, ...args, '--bwlimit', '300K');
    await running.saw(line);
    return running;
  }

  /** Ctrl-C at this step of a copy without a name takes all away that it has made. */
  async expectNothingLeftAt(step: string): Promise<void> {
    const { scene } = this;
    const index = steps.findIndex(([name]) => name === step);
    const line = steps[index]?.[1];
    if (!line) throw new Error(`no step is called ${step}`);
    const claim = `unnamed-${index}`;
    await scene.claim(contextB, claim);
    const running = await this.until(line, scene.ref(contextB, claim));
    running.child.kill('SIGINT');
    const ended = saidBy(await running.ended, 130);
    expect(ended).toMatch(/Interrupted: finishing up/);
    expect(ended).toMatch(/error: interrupted; (?:.*is cleaned up|this run had made nothing yet)/);
    if (!ended.includes('Task ')) return;
    const task = taskOf(ended);
    expect(await scene.leftovers(task)).toEqual([]);
    expect(await scene.records(task)).toEqual([]);
  }
}
