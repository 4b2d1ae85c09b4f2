/** What a cutover of two claims would stop and start, and what stands against that. */
import type { ClaimState } from '../claims/claim.ts';
import { requireNothingStandsStill, requireNotMovedHere } from '../cutover/moved-here.ts';
import { planCutover } from '../cutover/plan.ts';
import { requireUnshared } from '../cutover/precautions.ts';
import type { Then } from '../records/cutover-state.ts';
import type { CopyContext, CopyRequest } from '../run/request/request.ts';
import { checked, type Finding, note, ok } from './finding.ts';

const place = { side: 'both', check: 'cutover' } as const;

/** That the target holds what a workload has written that was moved there, or stands still; nothing is told else. */
export function movedHereFindings(
  { source, target, again = false }: Pick<CopyRequest, 'source' | 'target' | 'again'>,
  context: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<readonly Finding[]> {
  return checked({ side: 'target', check: 'cutover' }, context.signal, async () => {
    const copy = { source, target, again, mode: 'merge' } as const;
    await requireNothingStandsStill(copy, context);
    await requireNotMovedHere(copy, context);
    return [];
  });
}

/** Asks also the API server, in a dry run, whether the workloads may be stopped and started. */
export function cutoverFindings(
  claims: { readonly source: ClaimState; readonly target: ClaimState; readonly isOneCluster: boolean },
  { afterwards, again = false }: { readonly afterwards: Then; readonly again?: boolean | undefined },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return checked(place, signal, async () => {
    const { source, target, isOneCluster } = claims;
    const [told, warnings]: string[][] = [[], []];
    const reporter = {
      info: (text: string) => told?.push(text),
      warn: (text: string) => warnings?.push(text),
    };
    const areTogether = isOneCluster && source.ref.namespace === target.ref.namespace;
    requireUnshared(source, false);
    await planCutover({ source, target, areTogether }, afterwards, { signal, reporter }, { again });
    const plan = told?.join('; ') || 'nothing has to be stopped, and nothing is started';
    return [ok(place, plan), ...(warnings ?? []).map((text) => note(place, text))];
  });
}
