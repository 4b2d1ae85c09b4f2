/** Folders as a mover's pod has them, below one of a test's own, and what the mover is of the process. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import type { Machine } from '../../../plugins/x8sync/mover/machine.ts';
import { placesBelow } from '../../../plugins/x8sync/mover/places.ts';
import { parseMoverLine } from '../../../plugins/x8sync/mover/protocol.ts';
import { Voice } from '../../../plugins/x8sync/mover/voice.ts';

/** The mover is written for Linux and the tools of its image. */
export const onLinux = process.platform === 'linux' ? test : test.skip;

export interface Stage extends Disposable {
  readonly root: string;
  readonly machine: Machine;
  /** Texts that were told to the person. */
  readonly said: readonly string[];
}

/** Makes the folders; `dispose` removes them. */
export function stage(uid = 0): Stage {
  // In memory, where there is such a place: a copy ends with a sync, for which a busy disk takes seconds.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'x8sync-'));
  const places = placesBelow(root, ['false']);
  for (const folder of [places.source, places.target, places.keys, places.serve, places.work])
    mkdirSync(folder, { recursive: true });
  const said: string[] = [];
  const voice = new Voice((line) => {
    const message = parseMoverLine(line);
    if (message.kind === 'log') said.push(message.text);
  });
  const { signal } = new AbortController();
  const machine = { places, voice, uid, gids: [uid], kill: () => {}, signal };
  return { root, machine, said, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}
