/** `--cutover`, `--downtime-goal`, `--then`: a workload goes over from one claim to the other. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { Then } from '../../records/cutover-state.ts';
import type { CopyContext, CopyRequest } from '../../run/request/request.ts';

const group = 'Cutover options';
const defaultGoalMs = 30_000;

export const cutoverOption = () =>
  option.flag('--cutover', {
    group,
    description:
      'Copy while the workload runs, then stop it, copy what is left, verify, and start it where --then says.',
  });

export const downtimeGoalOption = () =>
  option.duration('--downtime-goal', {
    group,
    description:
      'Stop the workload once a copy takes no longer than this, its pods and the comparing of both sides included. Default: 30s.',
  });

export const thenOption = () =>
  option.choice('--then', ['target', 'source', 'repoint', 'nothing'], {
    group,
    value: 'WHAT',
    description:
      "What is started at the end: the target's workload (the default), the source's again, the source's with the new claim (repoint), or nothing.",
  });

export interface CutoverFlags {
  readonly cutover: boolean;
  readonly downtimeGoal: number | undefined;
  readonly thenStart: Then | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly allowMounted: boolean;
}

/** @throws UsageError where flags contradict each other. */
export function checkCutover(flags: CutoverFlags): void {
  const { cutover, downtimeGoal, thenStart, force, dryRun, allowMounted } = flags;
  if (!cutover && (downtimeGoal !== undefined || thenStart !== undefined))
    throw new UsageError('--downtime-goal and --then belong to --cutover');
  if (!cutover) return;
  if (downtimeGoal === 0) throw new UsageError('--downtime-goal 0 is no goal: every copy takes longer');
  const [wrong] = Object.entries({ '--force': force, '--dry-run': dryRun, '--allow-mounted': allowMounted })
    .filter(([, given]) => given)
    .map(([flag]) => flag);
  if (wrong !== undefined)
    throw new UsageError(`${wrong} does not go with --cutover`, {
      hint: dryRun
        ? 'kubectl x8sync doctor SOURCE TARGET --cutover tells what would be stopped and started, and changes nothing'
        : undefined,
    });
}

/**
 * @throws RefusedError where the target was cut over to before, and nobody has agreed to overwrite what it has since, or
 *   what mounts it stands still for a cutover in its middle, or a cutover to it has not ended; before all of that, where
 *   both are one claim.
 */
export async function requireOverwritable(
  request: CopyRequest,
  context: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<void> {
  const [{ requireNothingStandsStill, requireNotMovedHere }, { requireTwoClaims }] = await Promise.all([
    import('../../cutover/moved-here.ts'),
    import('../../claims/claim-checks.ts'),
  ]);
  await requireTwoClaims(request.source, request.target, context.signal);
  await requireNothingStandsStill(request, context);
  await requireNotMovedHere(request, context);
}

/** Before its target claim is made. @throws RefusedError, ForbiddenError where the cutover would be refused whatever that is. */
export async function requireCutover(
  request: CopyRequest,
  { thenStart = 'target' }: CutoverFlags,
  context: CopyContext,
): Promise<void> {
  const { requirePlannable } = await import('../../cutover/before-target.ts');
  await requirePlannable(request, thenStart, context);
}

export async function runCutover(
  copy: CopyRequest,
  { thenStart = 'target', downtimeGoal: goalMs = defaultGoalMs }: CutoverFlags,
  context: KubeCommandContext,
): Promise<Outcome> {
  const [{ cutover }, { describeCutover }] = await Promise.all([
    import('../../cutover/cutover.ts'),
    import('../../cutover/report.ts'),
  ]);
  const result = await cutover({ copy, afterwards: thenStart, goalMs }, context);
  return { data: { ...result, warnings: context.reporter.warnings }, text: describeCutover(result) };
}
