/** A source inside the target, a target inside the source, and one that is both: refused, and nothing is touched. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';

let both: Pair;
const mounted: string[] = [];
beforeEach(async () => {
  both = await pair();
});
afterEach(() => {
  for (const path of mounted.splice(0)) execFileSync('umount', ['--lazy', path]);
  both[Symbol.dispose]();
});

/** Two ways to see one folder: the kernel tells that they are one tree, or it does not. */
type Show = (folder: string, at: string) => void;
const link: Show = (folder, at) => {
  rmdirSync(at);
  symlinkSync(folder, at);
};
const fuse: Show = (folder, at) => {
  execFileSync('bindfs', [folder, at]);
  mounted.push(at);
};
const hasFuse = existsSync('/usr/bin/bindfs') && existsSync('/dev/fuse');
const ways = [['as the kernel tells', link] as const, ...(hasFuse ? [['by marks', fuse] as const] : [])];

/** Everything of a tree: names, times, contents. bindfs sets a folder's time to now where a time is to be set. */
function snapshot(folder: string, show?: Show): string {
  const times = show === fuse ? '-type f' : '';
  const script = `find . -printf '%P %s\\n' | sort; find . ${times} -printf '%P %T@\\n' | sort; find . -type f -exec cat {} +`;
  return execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
}

function fill(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < count; number += 1) writeFileSync(join(folder, `file${number}`), `${number}`);
}

/** Copies in every mode that writes: each is refused for this reason. */
async function expectRefused(why: string): Promise<void> {
  for (const mode of ['force', 'merge'])
    expect(await both.copy({ X8S_MODE: mode })).toMatchObject({
      code: 3,
      outcome: 'refused',
      message: expect.stringContaining(why),
    });
}

withPrograms.each(ways)(
  'a source inside the target, found %s',
  async (_, show) => {
    fill(both.target, 3);
    fill(join(both.target, 'deep/sub'), 30);
    show(join(both.target, 'deep/sub'), both.source);
    await both.serve();
    const before = snapshot(both.target, show);
    await expectRefused('the source lies inside the target');
    expect(snapshot(both.target, show)).toBe(before);
  },
  60_000,
);

withPrograms.each(firstOf(ways))(
  'a target inside the source, found %s',
  async (_, show) => {
    fill(both.source, 3);
    fill(join(both.source, 'deep/sub'), 30);
    show(join(both.source, 'deep/sub'), both.target);
    await both.serve();
    const before = snapshot(both.source, show);
    await expectRefused('the target lies inside the source');
    expect(snapshot(both.source, show)).toBe(before);
  },
  60_000,
);

withPrograms.each(ways)(
  'one volume that is both, found %s',
  async (_, show) => {
    fill(both.source, 30);
    show(both.source, both.target);
    await both.serve();
    const before = snapshot(both.source, show);
    await expectRefused('the same volume');
    expect(snapshot(both.source, show)).toBe(before);
  },
  60_000,
);

withPrograms.each(firstOf(ways))(
  'a copy of the source deep in the target is not the source, looked at %s',
  async (_, show) => {
    fill(join(both.stage.root, 'elsewhere'), 5);
    show(join(both.stage.root, 'elsewhere'), both.source);
    fill(join(both.target, 'backup [1]*'), 5);
    mkdirSync(join(both.target, 'backup [1]*/.x8sync'));
    await both.serve();
    const before = snapshot(join(both.target, 'backup [1]*'));
    expect(await both.copy()).toMatchObject({ code: 0, outcome: 'ok', stats: { transferredFiles: 5 } });
    expect(snapshot(join(both.target, 'backup [1]*'))).toBe(before);
    expect(existsSync(join(both.target, '.x8sync'))).toBe(false);
  },
  60_000,
);
