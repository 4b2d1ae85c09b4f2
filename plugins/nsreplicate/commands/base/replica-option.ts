/** `--replica`, of commands about a task that has run. */
import { option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { TaskStatus } from '../../state/state.ts';

export const replicaOption = () =>
  option.repeated('--replica', { value: 'NAME', description: 'Only on this replica; may be repeated.' });

/** Refuses replicas that the task does not have. */
export function checkReplicas(named: readonly string[], { replicas: known }: TaskStatus): void {
  const names = known.map(({ name }) => name);
  const unknown = named.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new UsageError(`the task has no replica ${unknown.join(', ')}`, {
    hint: `It has ${names.join(', ')}.`,
  });
}
