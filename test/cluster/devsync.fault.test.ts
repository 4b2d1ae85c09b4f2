/** A sync while the servers between it and its container break. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ensureUp, reconnect, restartComponent } from '../lab/index.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, isLab } from './support/contexts.ts';
import type { Workplace } from './support/devsync.ts';
import { expectSame } from './support/devsync-sides.ts';
import { workplaces } from './support/workplaces.ts';

const lab = isLab ? describe : describe.skip;
const server = 'kube-apiserver';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

lab('a sync', () => {
  beforeAll(ensureUp);
  // Before the namespace goes: that takes controllers that know of it.
  afterAll(() => reconnect(contextA));
  const { open } = workplaces();

  async function synced(name: string): Promise<Workplace> {
    const work = open();
    await work.sync(name);
    for (let index = 0; index < 50; index++) work.write(`d/${index}`, `${index}`);
    await work.must('flush', name);
    return work;
  }

  /** Writes here until told to stop, as programs do that write into the file itself. */
  async function scribble(it: Workplace, until: () => boolean): Promise<number> {
    let count = 0;
    for (; !until(); count++) {
      const text = `written ${count} ${'x'.repeat((count % 7) * 40_000)}`;
      writeFileSync(join(it.local, `d/${count % 50}`), text);
      await pause(20);
    }
    return count;
  }

  test('goes on after its API server was restarted, twice, in the middle of its work', async () => {
    const it = await synced('restarts');
    let done = false;
    const writing = scribble(it, () => done);
    await it.sh(
      'restarts',
      '(for i in $(seq 200); do echo $i >/work/there; sleep 0.05; done) >/dev/null 2>&1 &',
    );
    for (let round = 0; round < 2; round++) {
      await pause(1500);
      await restartComponent(contextA, server);
    }
    done = true;
    expect(await writing).toBeGreaterThan(20);
    // What writes there takes as long as a busy machine lets it.
    await eventually(async () => expect(await it.sh('restarts', 'cat /work/there')).toBe('200\n'));
    await it.reaches('restarts', 'watching');
    await it.must('flush', 'restarts');
    await expectSame(it, 'restarts');
    expect(it.read('there')).toBe('200\n');
  });
});
