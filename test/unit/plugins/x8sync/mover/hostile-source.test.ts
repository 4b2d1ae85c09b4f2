/** A source that means harm: whatever it sends, nothing is written beside the target's one tree. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { listens } from '../../../../../plugins/x8sync/mover/listening.ts';
import { rsyncCommand, sourceFiles } from '../../../../../plugins/x8sync/mover/source/sshd-config.ts';
import { type Ended, freePort, type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

const daemon = join(import.meta.dirname, '../../../support/hostile-daemon.ts');

let both: Pair;
let outside: string;
beforeEach(async () => {
  both = await pair();
  outside = join(both.stage.root, 'outside');
  mkdirSync(outside);
});
afterEach(() => both[Symbol.dispose]());

/** What a hostile daemon sends of a tree of its own: names of it, with some of the bytes changed. */
interface Attack {
  readonly tree: string;
  readonly from?: string;
  readonly to?: string;
  readonly names: readonly string[];
}

/** A copy from an sshd that is as the source's own is, but for the daemon that it starts. */
async function copyFromHostile({ tree, from = '', to = '', names }: Attack): Promise<Ended> {
  const port = await freePort();
  const { paths } = both.stage.runtime;
  const { sshdConfig, rsyncdConfig } = sourceFiles(paths);
  const words = [process.execPath, daemon, tree, from, to, ...names].map((word) => `'${word}'`).join(' ');
  const config = readFileSync(sshdConfig, 'utf8')
    .replace(/^Port .*$/m, `Port ${port}`)
    .replaceAll(`exec ${rsyncCommand.replace(/ \.$/, '')} --config=${rsyncdConfig} .`, `exec ${words}`);
  expect(config).toContain(daemon);
  const path = join(both.stage.root, 'hostile_config');
  writeFileSync(path, config);
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', path], { stdio: 'ignore' });
  try {
    expect(await listens(port)).toBe(true);
    return await both.copy({ X8S_ADDRESSES: `127.0.0.1:${port}`, X8S_RETRIES: '1' });
  } finally {
    sshd.kill();
  }
}

/** A tree of the hostile source's own. */
function hostileTree(...names: string[]): string {
  const tree = join(both.stage.root, 'hostile');
  for (const name of names) {
    mkdirSync(join(tree, name, '..'), { recursive: true });
    writeFileSync(join(tree, name), 'hostile');
  }
  return tree;
}

const expectNothingOutside = (ended: Ended) => {
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(both.stage.root)).not.toContain('x');
  expect(ended.code).not.toBe(0);
};

withPrograms(
  'a file through a link that an earlier copy has brought is not written',
  async () => {
    writeFileSync(join(both.source, 'file'), 'file');
    symlinkSync('../outside', join(both.source, 'out'));
    await both.serve();
    expect(await both.copy()).toMatchObject({ code: 0 });
    expectNothingOutside(await copyFromHostile({ tree: hostileTree('out/x'), names: ['out/x'] }));
    // Nor in another attempt, where a first one brings the link.
    const tree = hostileTree('QQQ/x');
    symlinkSync('../outside', join(tree, 'new'));
    const names = ['new', 'QQQ/x'];
    for (const _ of [1, 2])
      expectNothingOutside(await copyFromHostile({ tree, from: 'QQQ', to: 'new', names }));
  },
  90_000,
);

withPrograms(
  'names that lead up, and the mover’s own folder, are not taken from it',
  async () => {
    writeFileSync(join(both.source, 'file'), 'file');
    await both.serve();
    const up = hostileTree('QQ/x');
    expectNothingOutside(await copyFromHostile({ tree: up, from: 'QQ', to: '..', names: ['QQ/x'] }));
    const own = hostileTree('Qx8sync/state');
    symlinkSync('../outside', join(own, 'Qx8sync/tmp'));
    const names = ['Qx8sync/state', 'Qx8sync/tmp'];
    expectNothingOutside(await copyFromHostile({ tree: own, from: 'Qx8sync', to: '.x8sync', names }));
  },
  90_000,
);
