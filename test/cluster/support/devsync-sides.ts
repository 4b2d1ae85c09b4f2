/** What both sides of a sync hold, told by the same shell line on each, so that it can be compared as text. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { expect } from '@jest/globals';
import type { Workplace } from './devsync.ts';

const own = '.x8s-devsync';

/** Directories, links, contents and executable bits below a directory, without what devsync keeps there. */
const inventory = (root: string) => `cd ${root} && {
  find . -path ./${own} -prune -o -type d -printf 'directory %p\\n'
  find . -path ./${own} -prune -o -type l -printf 'link %p %l\\n'
  find . -path ./${own} -prune -o -type f -perm /111 -printf 'executable %p\\n'
  find . -path ./${own} -prune -o -type f -print0 | xargs -0 -r sha256sum
} | LC_ALL=C sort`;

/** Digests of all contents below directories. */
const contents = (...roots: string[]) =>
  `find ${roots.join(' ')} -type f -print0 2>/dev/null | xargs -0 -r sha256sum | cut -c1-64 | sort -u`;

const shell = (line: string) => execFileSync('bash', ['-c', line], { encoding: 'utf8', maxBuffer: 1 << 26 });

export const localSide = (work: Workplace): string => shell(inventory(work.local));
export const containerSide = (work: Workplace, pod: string, root = '/work'): Promise<string> =>
  work.sh(pod, inventory(root));

/** Both sides are the same, to the last bit that is synced. */
export async function expectSame(work: Workplace, pod: string, root = '/work'): Promise<void> {
  const [here, there] = [localSide(work), await containerSide(work, pod, root)];
  expect(there.split('\n')).toEqual(here.split('\n'));
}

/** Digests of every content that is somewhere: on a side, or in a trash. */
export async function allContents(work: Workplace, pod: string, root = '/work'): Promise<Set<string>> {
  // The trash of each side is beside it.
  const kept = `${dirname(root)}/.x8s-devsync*`;
  const [here, there] = [shell(contents(work.base)), await work.sh(pod, contents(root, kept))];
  return new Set([...here.split('\n'), ...there.split('\n')].filter((line) => line !== ''));
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The command line of an agent by any launcher, in /proc of its container. A waiter has less memory: two digits of MiB. */
const isAgent = '^([^ ]*/)?node --max-old-space-size=[1-9][0-9][0-9] ';

/**
 * Kills every agent that works in a pod's container, as an out-of-memory killer would; the waiters stay. Resolves with
 * their process ids.
 *
 * @throws Error where there was none, so that no test takes a killing for done that was not
 */
export async function killAgents(work: Workplace, pod: string): Promise<string[]> {
  const said = await work.sh(
    pod,
    `for p in /proc/[0-9]*; do
      if tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -qE '${isAgent}'; then kill -9 \${p#/proc/} && echo \${p#/proc/}; fi
    done; true`,
  );
  const killed = said.split('\n').filter((line) => line !== '');
  if (killed.length === 0) throw new Error(`no agent works in pod ${pod}, so that none was killed`);
  return killed;
}
