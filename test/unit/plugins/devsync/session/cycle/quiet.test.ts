/** Who watches LOCAL or REMOTE, as test runners and bundlers do, is told of what happens to the files, and of nothing else. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair } from '../../support/pair.ts';
import { allTold } from '../../support/told.ts';

/** A file that is made last of all, in a folder that is watched. */
const last = join('src', 'deep', 'last');

/**
 * Names of what the system tells of a directory and all below it, while something is done.
 * @param other what is kept the same as the directory; absent where nothing is
 */
async function toldOf(root: string, work: () => Promise<void>, other?: string): Promise<string[]> {
  const told: string[] = [];
  const folders = ['', 'src', 'src/deep'];
  const watchers = folders.map((folder) =>
    watch(join(root, folder), (event, name) => told.push(`${event} ${join(folder, String(name))}`)),
  );
  await work();
  // Who has carried this over has done all that the work before it brings about.
  writeFileSync(join(other ?? root, last), '');
  await eventually(() => expect(existsSync(join(root, last))).toBe(true));
  await allTold();
  for (const watcher of watchers) watcher.close();
  rmSync(join(root, last));
  return told.filter((event) => !event.endsWith(last));
}

test.each(['local', 'container'] as const)(
  'a change that comes to %s is one event',
  async (side) => {
    const pair = openPair();
    mkdirSync(join(pair.local, 'src', 'deep'), { recursive: true });
    for (const path of ['src/a', 'src/deep/b']) writeFileSync(join(pair.local, path), 'one');
    await pair.start();
    await pair.synchronizer.flush();
    const [to, from] = side === 'local' ? [pair.local, pair.container] : [pair.container, pair.local];
    const other = side === 'local' ? 'container' : 'local';
    const told = await toldOf(
      to,
      async () => {
        pair.save(other, 'src/a', 'two');
        await eventually(() => expect(readFileSync(join(to, 'src', 'a'), 'utf8')).toBe('two'));
        pair.save(other, 'src/large', Buffer.alloc(3e5, 'x'));
        await eventually(() => expect(readdirSync(join(to, 'src'))).toContain('large'));
        rmSync(join(from, 'src', 'deep', 'b'));
        await eventually(() => expect(readdirSync(join(to, 'src', 'deep'))).not.toContain('b'));
      },
      from,
    );
    expect(told).toEqual(['rename src/a', 'rename src/large', 'rename src/deep/b']);
    expect([readdirSync(to), readdirSync(from)]).toEqual([['src'], ['src']]);
  },
  60_000,
);

test.each(['local', 'container'] as const)(
  'a change that is made in %s is told as often as without us',
  async (side) => {
    const pair = openPair();
    mkdirSync(join(pair.local, 'src', 'deep'), { recursive: true });
    writeFileSync(join(pair.local, 'src', 'a'), 'one');
    await pair.start();
    await pair.synchronizer.flush();
    const [root, other] = side === 'local' ? [pair.local, pair.container] : [pair.container, pair.local];
    const save = (text: string) => writeFileSync(join(root, 'src', 'a'), text);
    const told = await toldOf(
      root,
      async () => {
        save('two');
        await eventually(() => expect(readFileSync(join(other, 'src', 'a'), 'utf8')).toBe('two'));
      },
      other,
    );
    await pair.stop();
    const alone = await toldOf(root, async () => save('three'));
    expect(told).toEqual(alone);
  },
  60_000,
);
