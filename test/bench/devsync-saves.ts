/** Saves, branch switches and a whole tree that are timed, with both sides' folders on this machine. */
import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { contextA, kubeconfig } from '../cluster/support/contexts.ts';
import { kubectlPath } from '../lab/index.ts';
import { filesEach, folders, pause } from './devsync-place.ts';

const saves = 200;
/** Folders of which a branch changes all files: 3,000. */
const switched = 75;

/** Milliseconds from one save (temp and rename, as editors do) to its presence on the other side. */
async function save(from: string, to: string): Promise<number> {
  // In a folder that no branch changes: git would not overwrite what was saved there.
  const path = `d${randomInt(switched, folders)}/f${randomInt(filesEach)}`;
  const data = randomBytes(3000);
  writeFileSync(join(from, `${path}.tmp`), data);
  const begun = performance.now();
  renameSync(join(from, `${path}.tmp`), join(from, path));
  for (;;) {
    if (existsSync(join(to, path)) && readFileSync(join(to, path)).equals(data))
      return performance.now() - begun;
    if (performance.now() - begun > 10_000) throw new Error(`${path} did not arrive within 10 s`);
    await pause(1);
  }
}

/** Many saves, of random files of those that {@link Bench.fill} makes. */
export async function saveMany(from: string, to: string, count = saves): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    times.push(await save(from, to));
    await pause(20);
  }
  return times;
}

/** What `tar | kubectl exec tar` takes for the same files, in seconds. */
export function tarOver(namespace: string, pod: string, local: string): number {
  const exec = `${kubectlPath()} --kubeconfig ${kubeconfig} --context ${contextA} -n ${namespace} exec -i ${pod}`;
  const begun = performance.now();
  execFileSync('sh', ['-c', `tar -C ${local} -cf - . | ${exec} -- tar -C /data -xf -`]);
  return (performance.now() - begun) / 1000;
}

/** Seconds from git's end until the container has all of it. */
export async function branchSwitch(local: string, remote: string, branch: string): Promise<number> {
  execFileSync('git', ['-C', local, 'checkout', '-q', branch]);
  const begun = performance.now();
  const changed = Array.from({ length: switched }, (_, index) => `d${index}`);
  const last = () => changed.every((folder) => same(join(local, folder), join(remote, folder)));
  while (!last()) {
    if (performance.now() - begun > 60_000) throw new Error('the branch did not arrive within a minute');
    await pause(20);
  }
  return (performance.now() - begun) / 1000;
}

function same(one: string, other: string): boolean {
  return readdirSync(one)
    .filter((name) => name.startsWith('f'))
    .every(
      (name) =>
        existsSync(join(other, name)) &&
        readFileSync(join(one, name)).equals(readFileSync(join(other, name))),
    );
}

/** Two branches that differ in 3,000 files. @param size of each in the second one */
export function makeBranches(local: string, size = 9_000): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', local, '-c', 'user.name=bench', '-c', 'user.email=bench@invalid', ...args]);
  git('init', '-q', '-b', 'one');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('checkout', '-q', '-b', 'two');
  for (let folder = 0; folder < switched; folder++)
    for (let file = 0; file < filesEach; file++)
      writeFileSync(join(local, `d${folder}/f${file}`), randomBytes(size));
  git('commit', '-qam', 'two');
  git('checkout', '-q', 'one');
}
