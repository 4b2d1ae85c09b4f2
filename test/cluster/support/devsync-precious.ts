/** Something beside LOCAL that a container must not reach, whatever it does. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Workplace } from './devsync.ts';

/** Makes a sync of this name, with a file beside LOCAL. */
export async function synced(work: Workplace, name: string, remote = '/work'): Promise<Workplace> {
  mkdirSync(join(work.base, 'outside'));
  writeFileSync(join(work.base, 'outside', 'precious'), 'mine');
  await work.sync(name, { remote });
  return work;
}

/** What lies beside LOCAL is as it was. */
export function expectUntouched(it: Workplace): void {
  expect(readdirSync(join(it.base, 'outside'))).toEqual(['precious']);
  expect(readFileSync(join(it.base, 'outside', 'precious'), 'utf8')).toBe('mine');
  expect(readdirSync(it.base).sort()).toEqual(['local', 'outside', 'state']);
}
