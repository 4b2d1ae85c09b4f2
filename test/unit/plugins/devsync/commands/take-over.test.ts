/** `watch --take-over` asks on a terminal what the sync may do here beyond its files. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WatchCommand } from '../../../../../plugins/devsync/commands/watch.ts';
import { parseReloadRule } from '../../../../../plugins/devsync/spec/reload-spec.ts';
import type { SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';
import { SpecStore } from '../../../../../plugins/devsync/spec/spec-store.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { InterruptedError } from '../../../../../src/errors.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { runFake } from '../../../support/fake-plugin.ts';
import { FakeTerminal } from '../../../support/fake-terminal.ts';
import { specOf } from '../support/specs.ts';

let base: string;
let kube: FakeKube;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'devsync-take-over-'));
  kube = fakeKube();
});
afterEach(() => rmSync(base, { recursive: true }));

const { signal } = new AbortController();

/** A directory below the test's, made where it is missing. */
function at(name: string): string {
  const path = join(base, name);
  mkdirSync(path, { recursive: true });
  return path;
}

const storeOf = (who: string) =>
  new SpecStore(kube, new Workstation(at(`${who}/devsync`), 'linux'), systemClock);

const specNow = async (): Promise<SyncSpec> => (await storeOf('anyone').get('shop', 'web', signal)).spec;

/** A sync that somebody else made. */
async function madeElsewhere(special: Partial<SyncSpec>): Promise<void> {
  const spec = { ...specOf(at('theirs/src'), '/app', 'theirs'), ...special };
  await storeOf('theirs').create({ name: 'web', namespace: 'shop', spec, allowOverlap: false, signal });
}

/** Takes it over at a terminal where this is typed, or without one; it is stopped before it syncs anything. */
async function takeOver(typed: string | undefined, ...more: string[]) {
  const stop = new AbortController();
  kube.answers.set('/version', () => stop.abort(new InterruptedError('SIGINT')));
  const isTTY = typed !== undefined;
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = new FakeTerminal({ isTTY });
  const run = runFake(
    ['watch', 'web', '-n', 'shop', '--take-over', at('mine/src'), ...more],
    [WatchCommand],
    {
      env: { X8S_STATE_DIR: at('mine/state') },
      kubeAccess: { connect: async () => kube, contexts: async () => [], contextsOfServer: async () => [] },
      stdin: stdin as unknown as NodeJS.ReadStream,
      stderr: stderr.stream,
      signal: stop.signal,
    },
  );
  if (typed !== undefined) stdin.write(`${typed}\n`);
  const { exitCode } = await run;
  return { exitCode, wasTaken: stop.signal.aborted, text: stderr.text };
}

const reload = {
  rules: [parseReloadRule('*.ts=exec:make')],
  every: 0,
  onFirstSync: false,
  restartAnyway: false,
};

test('who says yes at the terminal gets it as it is, after all of it was shown', async () => {
  await madeElsewhere({ reload, takeGit: true });
  const { text, wasTaken } = await takeOver('y');
  expect(text).toMatch(/web: .*mine\/src ⇄ \/app in pod web-0/);
  expect(text).toMatch(
    /reloads in the container: .*make\n.*\.git and its like.*\n.*Let it do so\? \[y\/N\] /,
  );
  expect(wasTaken).toBe(true);
  expect(await specNow()).toMatchObject({ reload, takeGit: true, local: { path: at('mine/src') } });
});

test.each(['n', ''])('who answers %j gets the files alone, and is told what was left out', async (typed) => {
  await madeElsewhere({ reload, takeGit: true });
  const { text } = await takeOver(typed);
  expect(text).toMatch(/left out: reloads in the container: .*make; \.git and its like/);
  const { reload: none, takeGit, local } = await specNow();
  expect([none, takeGit, local.path]).toEqual([undefined, false, at('mine/src')]);
});

test('without a terminal nothing is taken over', async () => {
  await madeElsewhere({ reload });
  const before = await specNow();
  const { exitCode, text, wasTaken } = await takeOver(undefined);
  expect([exitCode, wasTaken]).toEqual([2, false]);
  expect(text).toMatch(/no terminal to ask on: Let it do so\?/);
  expect(await specNow()).toEqual(before);
});

test('without a terminal, --yes takes it as it is, after all of it was told', async () => {
  await madeElsewhere({ reload });
  const { text, wasTaken } = await takeOver(undefined, '--yes');
  expect(text).toMatch(/reloads in the container: .*make/);
  expect(text).not.toMatch(/Let it do so/);
  expect(wasTaken).toBe(true);
  expect(await specNow()).toMatchObject({ reload, local: { path: at('mine/src') } });
});

test('a sync that does nothing but keep files the same is not asked about', async () => {
  await madeElsewhere({});
  const { text, wasTaken } = await takeOver('n');
  expect(text).not.toContain('Let it do so?');
  expect(text).toMatch(/web belongs to .*mine\/src of .* now; it was .*theirs\/src of alice@laptop/);
  expect(wasTaken).toBe(true);
});
