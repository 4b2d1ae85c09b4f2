/** `--detach`, `--again`, `--keep-records`: a copy as a task that others find. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { StrategyName } from '../../connect/strategy-names.ts';
import type { CopyRequest, DetachedCopy } from '../../run/request/request.ts';

export const detachOption = () =>
  option.flag('--detach', {
    description: 'Return once files move; attach, status and cancel find the copy from any workstation.',
  });

export const againOption = () =>
  option.flag('--again', {
    description:
      'Copy once more what has finished: a named task, a cutover, or to a claim that a cutover has moved a workload to.',
  });

export const keepRecordsOption = () =>
  option.integer('--keep-records', {
    default: 100,
    min: 1,
    description: 'How many finished tasks keep their records in a namespace; the oldest go.',
  });

export interface TaskFlags {
  readonly detach: boolean;
  readonly again: boolean;
  readonly keepRecords: number;
  readonly cutover: boolean;
  readonly dryRun: boolean;
  readonly name: string | undefined;
  readonly strategies: readonly StrategyName[];
}

/** @throws UsageError where --detach can't be done. */
export function checkDetach({ detach, cutover, dryRun, strategies }: TaskFlags): void {
  if (!detach) return;
  if (cutover)
    throw new UsageError('--cutover has work to do until its end, so it does not go with --detach');
  if (dryRun)
    throw new UsageError('--dry-run has something to show at its end, so it does not go with --detach');
  if (strategies.length > 0 && strategies.every((name) => name === 'relay'))
    throw new UsageError(
      'a relay passes what it copies through this workstation, and --detach ends the command that does so',
    );
}

/** What is said of a copy that goes on by itself. */
export const detachedOutcome = (
  copy: DetachedCopy,
  request: CopyRequest,
  { reporter }: KubeCommandContext,
): Outcome => ({ data: { ...copy, warnings: reporter.warnings }, text: textOf(copy, request) });

function textOf(
  { task, source, target }: DetachedCopy,
  { target: { kube, namespace } }: CopyRequest,
): string {
  const find = `${task} --context ${kube.cluster.context} -n ${namespace}`;
  return [
    `Goes on by itself: ${source} → ${target}`,
    `  kubectl x8sync attach ${find}   shows its progress, and takes its result`,
    `  kubectl x8sync cancel ${find}   ends it`,
  ].join('\n');
}
