/** Folders as a mover's pod has them, below one of a test's own, and what the mover is of the process. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { parseMoverLine } from '../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import type { Runtime } from '../../../plugins/x8sync/mover/protocol/runtime.ts';
import { MessageWriter } from '../../../plugins/x8sync/mover/protocol/runtime.ts';
import { pathsBelow } from '../../../plugins/x8sync/mover/system/paths.ts';
import { systemClock } from '../../../src/clock.ts';

/** The mover is written for Linux and the tools of its image. */
export const onLinux = process.platform === 'linux' ? test : test.skip;

export interface Stage extends Disposable {
  readonly root: string;
  readonly runtime: Runtime;
  /** Texts that were told to the person. */
  readonly said: readonly string[];
}

/** Makes the folders; `dispose` removes them. */
export function stage(uid = 0): Stage {
  // In memory, where there is such a place: a copy ends with a sync, for which a busy disk takes seconds.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'x8sync-'));
  const paths = pathsBelow(root, ['false']);
  for (const folder of [paths.source, paths.target, paths.keys, paths.serve, paths.work])
    mkdirSync(folder, { recursive: true });
  const said: string[] = [];
  const messages = new MessageWriter((line) => {
    const message = parseMoverLine(line);
    if (message.kind === 'log') said.push(message.text);
  });
  const { signal } = new AbortController();
  const [clock, openRelay] = [systemClock, async () => {}];
  const runtime = { paths, messages, uid, gids: [uid], kill: () => {}, openRelay, clock, signal };
  return { root, runtime, said, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}
