/** A container of one kind, synced both ways. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Workplace } from './devsync.ts';
import type { Kind } from './devsync-kinds.ts';

/** Makes a sync with a container of this kind and runs it, by the way that is chosen where none is named. */
export async function begin(work: Workplace, kind: Kind): Promise<void> {
  await work.pod(kind.name, kind.spec);
  work.write('from-here/a', 'made here');
  await work.must(
    'create',
    '--name',
    kind.name,
    '--pod',
    kind.name,
    ...(kind.create ?? []),
    work.local,
    kind.remote ?? '/work',
  );
  await work.watch(kind.name);
  const { state } = await work.reaches(kind.name, 'watching');
  expect(state?.launcher).toBe(kind.launcher);
}

/** Both the process that waits beside the container and the agent in it are the first to go where memory runs out. */
async function expectAgentsGoFirst(it: Workplace, pod: string): Promise<void> {
  const look = `for p in /proc/[0-9]*; do
    tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^node ' && cat $p/oom_score_adj; done; true`;
  expect((await it.sh(pod, look)).trim().split('\n')).toEqual(['1000', '1000']);
}

/** A way that a person insists on is the only one that is tried. */
async function expectRefused(it: Workplace, pod: string): Promise<void> {
  const other = join(it.base, 'other');
  mkdirSync(other);
  const { code, stderr } = await it.devsync('run', '--pod', pod, '--launcher', 'exec', other, '/srv');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/exec: there is no node in the container/)]);
  expect(stderr).not.toMatch(/ephemeral:/);
}

/** Both sides get what the other one has made, with nothing more in the pod than it takes; and what each kind has of its own. */
export async function expectSynced(it: Workplace, kind: Kind): Promise<void> {
  const { name } = kind;
  await begin(it, kind);
  if (name === 'with-node') {
    const read = ['-e', 'process.stdout.write(require("fs").readFileSync("/work/from-here/a","utf8"))'];
    expect(await it.kubectl('exec', name, '--', 'node', ...read)).toBe('made here');
    await it.kubectl(
      'exec',
      name,
      '--',
      'node',
      '-e',
      'require("fs").writeFileSync("/work/there","made there")',
    );
  } else {
    expect(await it.sh(name, 'cat /work/from-here/a')).toBe('made here');
    await it.sh(name, 'printf "made there" >/work/there; mkdir /work/d; printf x >/work/d/x');
  }
  if (name === 'volume') await it.sh(name, 'printf x >/work/inner/x');
  await it.must('flush', name);
  expect(it.read('there')).toBe('made there');
  // What is mounted below REMOTE is not entered.
  if (name === 'volume') expect(readdirSync(it.local).sort()).toEqual(['d', 'from-here', 'there']);
  // No place outside of a volume's own mount point will do for what is ours: that is said, and only there.
  const said = /the trash and what is on its way are in REMOTE itself, \/\S*work\/\.x8s-devsync/;
  if (name === 'volume') expect(await it.must('get', name, '-o', 'wide')).toMatch(said);
  if (name === 'volume') expect(await it.sh(name, 'ls -A /work')).toMatch(/^\.x8s-devsync$/m);
  if (name === 'plain') expect(await it.must('get', name, '-o', 'wide')).not.toMatch(/REMOTE itself/);
  if (name === 'plain') await expectAgentsGoFirst(it, name);
  if (name === 'plain') await expectRefused(it, name);
  // Who it runs as is known to its main process alone: that takes one more.
  const beside = { exec: 0, ephemeral: name === 'shared-pids' ? 2 : 1 }[kind.launcher];
  const listed = ['get', 'pod', name, '-o', 'jsonpath={.spec.ephemeralContainers[*].name}'];
  expect((await it.kubectl(...listed)).split(' ').filter(Boolean).length).toBe(beside);
}
