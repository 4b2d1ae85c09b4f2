import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { AgentSession } from '../../../../../../plugins/devsync/agent/agent-session.ts';
import { answerScan } from '../../../../../../plugins/devsync/agent/scan-request.ts';
import {
  RemoteMovedError,
  requireSameRoot,
} from '../../../../../../plugins/devsync/session/attach/remote-root.ts';
import { Pair } from '../../support/pair.ts';

jest.setTimeout(30_000);

test('a person is asked where REMOTE leads elsewhere in the same container', () => {
  const folder = mkdtempSync(join(tmpdir(), 'place-'));
  const require = (container: string, root: string) =>
    requireSameRoot(folder, '/current', { container, root });
  try {
    require('a', '/r1');
    require('a', '/r1');
    let found: unknown;
    try {
      require('a', '/r2');
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(RemoteMovedError);
    expect((found as Error).message).toMatch(/^REMOTE \/current leads to \/r2 now, and led to \/r1/);
    // Pointed back, it is what it was; another container has links of its own.
    require('a', '/r1');
    require('b', '/r3');
    expect(() => require('b', '/r1')).toThrow(RemoteMovedError);
    writeFileSync(join(folder, 'remote-place'), 'half a');
    require('b', '/r1');
    try {
      require('b', '/r2');
    } catch (error) {
      (error as RemoteMovedError).accept();
    }
    require('b', '/r2');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a directory in the place of what was noted is said, moved aside, and no end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'place-'));
  try {
    mkdirSync(join(folder, 'remote-place', 'odd'), { recursive: true });
    const troubles: string[] = [];
    const require = (root: string) =>
      requireSameRoot(folder, '/current', { container: 'a', root }, (words) => troubles.push(words));
    require('/r1');
    const aside = join(folder, 'remote-place.unreadable');
    expect(troubles).toEqual([
      expect.stringMatching(`^where REMOTE led to cannot be read .* was moved to ${aside}$`),
    ]);
    expect(existsSync(join(aside, 'odd'))).toBe(true);
    expect(() => require('/r2')).toThrow(RemoteMovedError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(['at a flush', 'before anything is written', 'now and then'] as const)(
  'an agent whose REMOTE leads elsewhere ends, and writes in neither place: %s',
  async (when) => {
    const pair = new Pair({ remote: (base) => join(base, 'current') });
    const [link, next] = [join(pair.base, 'current'), join(pair.base, 'next')];
    try {
      mkdirSync(next);
      symlinkSync(pair.container, link);
      await pair.start();
      await pair.synchronizer.flush();
      rmSync(link);
      // A link that is gone for a moment leads nowhere else.
      if (when === 'at a flush') await pair.synchronizer.flush();
      symlinkSync(next, link);
      if (when !== 'now and then') writeFileSync(join(pair.local, 'file'), 'for whom?');
      if (when === 'at a flush') await expect(pair.synchronizer.flush()).rejects.toThrow();
      await pair.connection?.ended;
      expect(existsSync(join(pair.container, 'file'))).toBe(false);
      expect(readdirSync(next)).toEqual([]);
    } finally {
      await pair.remove();
    }
  },
);

test('a link to the root of the container is refused, by a sync and by what only looks', async () => {
  const base = mkdtempSync(join(tmpdir(), 'place-'));
  const send = async () => {};
  try {
    // As seen from beside the container.
    mkdirSync(join(base, 'srv'));
    symlinkSync('/', join(base, 'srv/current'));
    const request = {
      base,
      root: '/srv/current',
      create: true,
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      trashLimit: 0,
    } as const;
    const why = 'it leads to the root of the container';
    expect(() => new AgentSession(request, send, () => {})).toThrow(why);
    await expect(answerScan(request, send)).rejects.toThrow(why);
    expect(readdirSync(base)).toEqual(['srv']);
  } finally {
    rmSync(base, { recursive: true });
  }
});

test('a missing REMOTE is made with the directories above it, through a link, and never in the place of one', async () => {
  const base = mkdtempSync(join(tmpdir(), 'place-'));
  const send = async () => {};
  const request = (root: string) =>
    ({
      base,
      root,
      create: true,
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      trashLimit: 0,
    }) as const;
  try {
    // As seen from beside the container.
    mkdirSync(join(base, 'data'));
    symlinkSync('/data', join(base, 'srv'));
    symlinkSync('/nowhere', join(base, 'dangling'));
    // Who only looks makes nothing.
    expect(await answerScan(request('/srv/app/src'), send)).toEqual({ isMissing: true });
    expect(readdirSync(join(base, 'data'))).toEqual([]);
    await new AgentSession(request('/srv/app/src'), send, () => {}).close();
    expect(existsSync(join(base, 'data/app/src'))).toBe(true);
    expect(() => new AgentSession(request('/dangling/src'), send, () => {})).toThrow('EEXIST');
    expect(readdirSync(base).filter((name) => !name.startsWith('.'))).toEqual(['dangling', 'data', 'srv']);
  } finally {
    rmSync(base, { recursive: true });
  }
});
