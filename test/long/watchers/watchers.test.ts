/** Programs that watch a container's directory: one save is one reload, and nothing of ours is seen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { WriteMode } from '../../../plugins/devsync/sync/ignore/write-rules.ts';
import { eventually } from '../../support/eventually.ts';
import { Pair } from '../../unit/plugins/devsync/support/pair.ts';
import { debianProgram } from '../support/debian-program.ts';
import { npmPackages } from '../support/npm-packages.ts';
import { type Kind, kinds, textOf, watchersOfNpm } from './kinds.ts';

jest.setTimeout(300_000);

let modules: string;
beforeAll(async () => {
  modules = await npmPackages(watchersOfNpm);
  debianProgram('entr', 'entr');
  debianProgram('inotifywait', 'inotify-tools');
  debianProgram('/usr/bin/flask', 'python3-flask');
  debianProgram('/usr/bin/django-admin', 'python3-django');
  debianProgram('watchmedo', 'python3-watchdog');
});

/** TypeScript 7 watches no directory that is less than four deep. */
let base: string;
beforeAll(() => {
  base = join(mkdtempSync(join(tmpdir(), 'watchers-')), 'below', 'it');
  mkdirSync(base, { recursive: true });
});
afterAll(() => rmSync(dirname(dirname(base)), { recursive: true, force: true }));

let pair: Pair | undefined;
let watcher: ChildProcess | undefined;
afterEach(async () => {
  endGroup(watcher?.pid);
  watcher = undefined;
  await pair?.remove();
  pair = undefined;
});

/** Ends a program and all that it has started; it may have ended by itself. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Milliseconds in which a second reload of one save would come. */
const calm = 700;

/** Starts a pair of directories with the files of a kind, and its program on the container's. */
async function started(
  { files, command, ready = /(?:)/, interval = 0 }: Kind,
  mode: WriteMode,
): Promise<{ it: Pair; log: () => string[] }> {
  pair = new Pair({ base, write: [{ pattern: '*', mode }] });
  const it = pair;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(it.local, path)), { recursive: true });
    writeFileSync(join(it.local, path), text.replaceAll('TEXT', '0'));
  }
  await it.start();
  await it.synchronizer.flush();
  const path = join(it.base, 'log');
  writeFileSync(path, '');
  const env = { ...process.env, LOG: path, MODULES: modules, NODE_OPTIONS: '', CI: '' };
  watcher = spawn('sh', ['-c', command], { cwd: it.container, env, detached: true, stdio: 'pipe' });
  let said = '';
  for (const stream of [watcher.stdout, watcher.stderr]) stream?.on('data', (data) => (said += data));
  const log = () => readFileSync(path, 'utf8').split('\n').filter(Boolean);
  await eventually(() => {
    if (!log().some((line) => line.includes('0')) || !ready.test(said))
      throw new Error(`it has not begun: ${said}`);
  }, 30_000);
  await setTimeout(calm + interval);
  return { it, log };
}

/** Saves a text, waits until it has arrived and is seen, or not, and for what may come after it. */
async function save(it: Pair, kind: Kind, text: string, isSeen: () => void): Promise<void> {
  const content = textOf(kind, text);
  writeFileSync(join(it.local, kind.saved), content);
  await eventually(() => expect(readFileSync(join(it.container, kind.saved), 'utf8')).toBe(content), 10_000);
  await eventually(isSeen, 20_000);
  await setTimeout(calm + (kind.interval ?? 0));
}

const digitsOf = (lines: readonly string[]) => lines.map((line) => line.replaceAll(/\D/g, ''));
/** Each of another length than the one before. */
const saves = Array.from({ length: 20 }, (_, index) => String(index + 1).repeat(1 + (index % 3)));

test.each(kinds.map((kind) => [kind.name, kind] as const))(
  'in place, %s sees each save once, and nothing of ours',
  async (_, kind) => {
    const { it, log } = await started(kind, 'in-place');
    const first = log().length;
    const some = saves.slice(0, 6);
    for (const text of some)
      await save(it, kind, text, () => expect(digitsOf(log().slice(first))).toContain(text));
    const seen = digitsOf(log().slice(first));
    expect(kind.doublesInPlace ? [...new Set(seen)] : seen).toEqual(some);
    expect(readdirSync(it.container).sort()).toEqual(Object.keys(kind.files).sort());
  },
);

test.each(kinds.map((kind) => [kind.name, kind] as const))(
  'replaced, %s sees no save twice, and each where it does not watch the file itself',
  async (_, kind) => {
    const { it, log } = await started(kind, 'replace');
    const first = log().length;
    const isSure = (index: number) => kind.losesReplaced !== true || index === 0;
    for (const [index, text] of saves.entries())
      await save(it, kind, text, () => {
        if (isSure(index)) expect(digitsOf(log().slice(first))).toContain(text);
      });
    const seen = digitsOf(log().slice(first));
    expect(seen).toEqual(saves.filter((text, index) => isSure(index) || seen.includes(text)));
    expect(readdirSync(it.container).sort()).toEqual(Object.keys(kind.files).sort());
  },
);
