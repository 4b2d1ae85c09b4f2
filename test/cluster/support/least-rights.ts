/** x8sync as somebody who has just the rights that `rbac` prints. */
import type { PolicyRule, RbacRole } from '../../../src/kube/cluster/access.ts';
import { environment, pluginProgram } from './kubectl.ts';
import { type Ended, run } from './process.ts';
import { documentOf, x8sync } from './x8sync.ts';

/** Sides of a copy. */
export const sides = ['source', 'target'] as const;
export type Side = (typeof sides)[number];

/** The plugin, as somebody else. */
export const as = (user: string, groups: readonly string[], ...args: readonly string[]): Promise<Ended> =>
  run(pluginProgram('x8sync'), [...args, '--as', user, ...groups.flatMap((group) => ['--as-group', group])], {
    env: environment,
  });

/** The rules that `rbac` prints of one side of a pair of claims. */
export async function printedFor(
  pair: readonly string[],
  side: Side,
  ...flags: readonly string[]
): Promise<PolicyRule[]> {
  const args = ['rbac', ...pair, '--side', side, ...flags, '-o', 'json'];
  const list = documentOf<{ items: RbacRole[] }>(await x8sync(...args));
  return list.items.flatMap(({ rules }) => rules);
}
