/** Flags that contradict each other: of two, one would be ignored without a word. */
import { UsageError } from '../../../../src/errors.ts';
import type { SpecFlags } from './task-spec.ts';

type Checked = Pick<
  SpecFlags,
  'prune' | 'pruneClaims' | 'pruneNamespaces' | 'pruneCrds' | 'drift' | 'exact' | 'map'
>;

/** @throws {UsageError} two flags contradict each other */
export function checkContradictions(flags: Checked): void {
  const { prune, pruneClaims, pruneNamespaces, pruneCrds, drift, exact } = flags;
  const also = [
    ...(pruneClaims ? ['--prune-claims'] : []),
    ...(pruneNamespaces ? ['--prune-namespaces'] : []),
    ...(pruneCrds ? ['--prune-crds'] : []),
  ];
  if (prune === false && also.length > 0)
    throw new UsageError(`--prune=false deletes nothing, and ${also.join(' and ')} asks for more deletions`);
  if (drift === 'report' && exact)
    throw new UsageError(
      '--drift report leaves what others did on a replica, and --exact removes their keys',
    );
  checkMappings(flags.map);
}

/** @throws {UsageError} a namespace is to be two others */
function checkMappings(map: readonly string[]): void {
  const known = new Map<string, string>();
  for (const text of map) {
    const [from = ''] = text.split('=', 1);
    const before = known.get(from);
    if (before !== undefined && before !== text)
      throw new UsageError(`--map: ${before} and ${text} put one namespace in two places`);
    known.set(from, text);
  }
}

/** @throws {UsageError} `-n` where no object is named, and so means nothing */
export function checkNamespaceFlag(namespace: string | undefined): void {
  if (namespace === undefined || namespace === '') return;
  throw new UsageError(`-n ${namespace} does not say what is copied`, {
    hint: `The namespaces of a task: --sync-namespaces ${namespace}`,
  });
}
