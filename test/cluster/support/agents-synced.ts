/** Containers that are synced with by the agents of their nodes, with nothing added to their pods. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { get } from './clients.ts';
import { expectConfined } from './confined.ts';
import { contextA } from './contexts.ts';
import type { Workplace } from './devsync.ts';
import { type Kind, still } from './devsync-kinds.ts';

/** Each of these kinds is synced both ways; `plain` and `grouped` are among them. */
export async function expectSyncedByAgents(work: Workplace, kinds: readonly Kind[]): Promise<void> {
  for (const { name, create = [], remote = '/work' } of kinds) {
    const local = join(work.local, name);
    mkdirSync(local);
    work.write(`${name}/from-here/a`, 'made here');
    const options = ['--name', name, '--pod', name, '--launcher', 'node-agent', ...create];
    await work.must('create', ...options, local, remote);
  }
  await work.watch();
  await Promise.all(
    kinds.map(async ({ name }) => {
      const { state } = await work.reaches(name, 'watching');
      expect(state?.launcher).toBe('node-agent');
    }),
  );
  const withShell = kinds.filter((kind) => kind !== still);
  await Promise.all(
    withShell.map(async ({ name }) => {
      expect(await work.sh(name, 'cat /work/from-here/a')).toBe('made here');
      await work.sh(name, 'printf "made there" >/work/there');
      await eventually(() => expect(work.read(`${name}/there`)).toBe('made there'));
    }),
  );
  if (kinds.some(({ name }) => name === 'volume')) await expectNotEntered(work);
  const found = await get<{ spec: { ephemeralContainers?: object[] } }>(contextA, work.namespace, 'pods');
  expect(found.flatMap(({ spec }) => spec.ephemeralContainers ?? [])).toEqual([]);
  await expectConfined(work, 'plain', { Uid: 0, Gid: 0, groups: [], caps: '000000000000001b' });
  await expectConfined(work, 'grouped', {
    Uid: 1000,
    Gid: 3000,
    groups: [4000, 5000, 6000],
    caps: '0000000000000000',
  });
  expect(await work.must('get', '-o', 'wide')).toMatch(/node-agent/);
}

/** What is mounted below REMOTE is not entered, as by the other ways. */
async function expectNotEntered(work: Workplace): Promise<void> {
  await work.sh('volume', 'printf x >/work/inner/x');
  await work.must('flush', 'volume');
  expect(readdirSync(join(work.local, 'volume')).sort()).toEqual(['from-here', 'there']);
}
