/** Conflicts that are merged, or of which both versions are kept, between two real directories with a real agent. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { handlersOf } from '../../../../../../plugins/devsync/control/handlers.ts';
import { type Ask, diffOf, settle } from '../../../../../../plugins/devsync/control/settling.ts';
import { Bases } from '../../../../../../plugins/devsync/session/ancestor/bases.ts';
import type { RunningSync } from '../../../../../../plugins/devsync/session/runner/runner-state.ts';
import { openPair } from '../../support/pair.ts';

jest.setTimeout(60_000);

const lines = (...changed: readonly [number, string][]) =>
  Array.from({ length: 9 }, (_, index) => changed.find(([at]) => at === index)?.[1] ?? `line ${index}`).join(
    '\n',
  );

/** A pair that has agreed on `app.ts`, and how the commands ask it. */
async function agreed(trustsGit = true, first = lines()) {
  const it = openPair();
  const bases = new Bases({ folder: join(it.base, 'state'), root: it.local, trustsGit });
  mkdirSync(join(it.local, 'src'));
  writeFileSync(join(it.local, 'src/app.ts'), first);
  await it.start({ onArrived: (batch) => bases.note(batch, it.here) });
  await it.synchronizer.flush();
  const attached = { local: it.here, container: it.remote };
  const live = { synchronizer: it.synchronizer, attached, bases };
  const runner = {
    get state() {
      return it.synchronizer.state;
    },
    live,
  } as unknown as RunningSync;
  const handle = handlersOf({ runner, stop: async () => {} });
  const ask: Ask = (method, parameters = {}) => handle(method, parameters);
  const paths = { here: join(it.local, 'src/app.ts'), there: join(it.container, 'src/app.ts') };
  /** Both sides change the file at once. */
  const change = async (here: string, there: string) => {
    await it.synchronizer.pause();
    writeFileSync(paths.here, here);
    writeFileSync(paths.there, there);
    await it.synchronizer.resume(false);
    expect(it.synchronizer.state.conflictCount).toBe(1);
  };
  const texts = () => [readFileSync(paths.here, 'utf8'), readFileSync(paths.there, 'utf8')];
  return { it, ask, change, texts };
}

const path = 'src/app.ts';

test('what each side has changed is merged into both, and both versions lie in the trash', async () => {
  const { it, ask, change, texts } = await agreed();
  const [here, there] = [lines([0, 'here']), lines([8, 'there'])];
  await change(here, there);
  expect(await settle(path, 'merge', ask)).toEqual({ path, message: 'merged', isOpen: false });
  const merged = lines([0, 'here'], [8, 'there']);
  expect(texts()).toEqual([merged, merged]);
  expect(it.synchronizer.state.conflictCount).toBe(0);
  const inTrash = (folder: string) =>
    readdirSync(join(folder, 'trash')).map((name) => readFileSync(join(folder, 'trash', name, path), 'utf8'));
  expect(inTrash(it.metadataFolders.local)).toContain(here);
  expect(inTrash(it.metadataFolders.container)).toContain(there);
});

test('what both have changed is marked here alone, once, and a person goes on from there', async () => {
  const { it, ask, change, texts } = await agreed();
  const there = lines([4, 'there'], [8, 'end']);
  await change(lines([4, 'here']), there);
  const diff = await diffOf(path, ask);
  expect(diff).toEqual({ diff: expect.stringMatching(/^@@ .*\n line 1\n[\s\S]*\n-here\n\+there\n/) });
  expect(await settle(path, 'merge', ask)).toEqual({ path, message: '1 place left to you', isOpen: true });
  const marked = lines([4, '<<<<<<< local\nhere\n=======\nthere\n>>>>>>> container'], [8, 'end']);
  expect(texts()).toEqual([marked, there]);
  expect((await settle(path, 'merge', ask)).message).toMatch(/markers of an earlier merge/);
  writeFileSync(join(it.local, path), lines([4, 'decided'], [8, 'end']));
  await it.synchronizer.flush();
  await ask('resolve', { path, use: 'local' });
  expect(texts()).toEqual([lines([4, 'decided'], [8, 'end']), lines([4, 'decided'], [8, 'end'])]);
});

test('without the text that was agreed on every difference is for a person; git may have it', async () => {
  const { it, ask, change, texts } = await agreed(false);
  // As after a start anew: what was kept of saves is gone.
  await it.synchronizer.flush();
  rmSync(join(it.base, 'state/bases'), { recursive: true, force: true });
  await change(lines([0, 'here']), lines([8, 'there']));
  const settled = await settle(path, 'merge', ask);
  expect(settled).toMatchObject({
    isOpen: true,
    message: expect.stringMatching(/^2 places left to you, since nobody/),
  });
  await ask('resolve', { path, use: 'container' });
  expect(texts()[0]).toBe(lines([8, 'there']));
});

test('a text that git has committed serves as what was agreed on', async () => {
  const { it, ask, change, texts } = await agreed();
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', it.local, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      stdio: 'ignore',
    });
  git('init');
  git('add', '.');
  git('commit', '-m', 'x');
  await it.synchronizer.flush();
  rmSync(join(it.base, 'state/bases'), { recursive: true, force: true });
  await change(lines([0, 'here']), lines([8, 'there']));
  expect((await settle(path, 'merge', ask)).message).toBe('merged');
  expect(texts()[1]).toBe(lines([0, 'here'], [8, 'there']));
  // Nothing of the container comes into git's own directory.
  expect((await settle('.git/config', 'both', ask)).message).toMatch(/no conflict/);
});

test('both are kept side by side, and under names that are free', async () => {
  const { it, ask, change, texts } = await agreed();
  writeFileSync(join(it.local, 'src/app.container.ts'), 'mine');
  await change('here', 'there');
  expect(await settle(path, 'both', ask)).toEqual({
    path,
    message: 'kept local, and that of the container as src/app.container-2.ts',
    isOpen: false,
  });
  await it.synchronizer.flush();
  expect(texts()).toEqual(['here', 'here']);
  for (const root of [it.local, it.container])
    expect(
      ['app.container.ts', 'app.container-2.ts'].map((name) => readFileSync(join(root, 'src', name), 'utf8')),
    ).toEqual(['mine', 'there']);
});

test('what is no text, paused or no conflict is left as it is', async () => {
  const { it, ask, change, texts } = await agreed();
  expect((await settle(path, 'merge', ask)).message).toBe('there is no conflict at src/app.ts');
  await change('a\0b', 'there');
  expect((await settle(path, 'merge', ask)).message).toBe('src/app.ts is no text here');
  await it.synchronizer.pause();
  expect((await settle(path, 'both', ask)).message).toBe('it is paused');
  expect(texts()).toEqual(['a\0b', 'there']);
});
