/**
 * The other claims of a workload that goes over claim by claim. One that starts with one of them copied and another one
 * older than what its workload wrote last has lost files.
 */
import { RefusedError } from '../../../src/errors.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import { claimsOf, type Workload } from '../records/claim-workloads.ts';
import { lastMarkOf, type MovedClaim, mayHaveRun } from '../records/stop-mark.ts';
import type { Claims } from './claims.ts';
import type { SourceWorkloads } from './target-workloads.ts';

/** A claim beside the one that is cut over, of a workload that mounts both. */
interface OtherClaim {
  readonly workload: Workload;
  readonly claim: string;
  /** Where a cutover has moved it, to a claim of what starts now; undefined where none is known. */
  readonly moved: MovedClaim | undefined;
  /** Its workload may have written to it since. */
  readonly isOlder: boolean;
}

/** As found for a plan. */
interface Planned extends SourceWorkloads {
  /** What starts at the target, with the pods that it is to have. */
  readonly starting: readonly Workload[];
}

/** Those of what runs; where nothing does, those of what was stopped before, by a cutover or by hand. */
export function otherClaims(
  { source, target }: Pick<Claims, 'source' | 'target'>,
  { running, idle, starting }: Planned,
): OtherClaim[] {
  const marked = idle.filter(({ object }) => lastMarkOf(object)?.moved === true);
  const stopped = marked.length > 0 ? marked : idle;
  const whose = running.length > 0 || starting.length === 0 ? running : stopped;
  const theirs = starting.flatMap(claimsOf).map((name) => `${target.ref.namespace}/${name}`);
  const isTheirs = (to: string) => starting.length === 0 || theirs.includes(to);
  return whose.flatMap((workload) => {
    const mark = lastMarkOf(workload.object);
    const others = claimsOf(asItRuns(workload)).filter((name) => name !== source.ref.claim);
    return others.map((claim) => {
      const known = mark?.moved ? (mark.claims ?? []) : [];
      const moved = known.find((one) => one.claim === claim && isTheirs(one.target));
      return { workload, claim, moved, isOlder: moved !== undefined && mayHaveRun(workload, mark) };
    });
  });
}

/** With the pods that it has, or had. */
function asItRuns(workload: Workload): Workload {
  const { replicas, object } = workload;
  return replicas > 0 ? workload : { ...workload, replicas: Math.max(1, lastMarkOf(object)?.replicas ?? 1) };
}

/** @throws RefusedError where what starts at the target would have older files than its workload left, or may have. */
export function requireAllClaims(
  others: readonly OtherClaim[],
  { source, target }: Pick<Claims, 'source' | 'target'>,
  confirmed: boolean,
): void {
  const older = others.find(({ isOlder }) => isOlder);
  if (older) throw olderCopy(older, source.ref, target.ref);
  const [line] = unknownLines(others);
  if (line === undefined || confirmed) return;
  throw new RefusedError(
    `${line}: what starts at the target would have what is in them there, so nothing was stopped`,
    {
      hint: 'take all of its claims but the last one over with --then nothing, which leaves it stopped, and the last one with --then target; --yes starts it with what the target has',
    },
  );
}

/** A line on those that this cutover does not copy, for each workload. */
export const otherClaimLines = (others: readonly OtherClaim[]): string[] => [
  ...unknownLines(others),
  ...others.flatMap((one) => (one.isOlder ? [`${ranSince(one)}: it has to be cut over once more`] : [])),
];

function unknownLines(others: readonly OtherClaim[]): string[] {
  const unknown = others.filter(({ moved }) => moved === undefined);
  return [...new Set(unknown.map(({ workload }) => workload))].map((workload) => {
    const names = unknown.filter((one) => one.workload === workload).map(({ claim }) => claim);
    const { kind, name, replicas } = workload;
    const since = replicas > 0 ? '' : ', nor known to be copied since it has no pods';
    return `${kind} ${name} mounts other claims as well, which are not copied by this${since}: ${names.join(', ')}`;
  });
}

/** To be read after nothing. */
function ranSince({ workload: { kind, name, replicas }, claim, moved }: OtherClaim): string {
  const what = replicas > 0 ? 'runs again' : 'was changed, and may have run,';
  return `${kind} ${name} ${what} since its claim ${claim} was cut over to ${moved?.target}, where what it has written since is missing`;
}

function olderCopy(other: OtherClaim, from: ClaimRef, to: ClaimRef): RefusedError {
  const { claim, moved } = other;
  const [namespace = '', name = ''] = (moved?.target ?? '').split('/');
  const pair = [
    describeClaim({ ...from, claim }),
    describeClaim({ kube: to.kube, namespace, claim: name }),
  ].join(' ');
  return new RefusedError(
    `${ranSince(other)}: what starts at the target of ${describeClaim(to)} would have old files in it, so nothing was stopped`,
    {
      details: [`kubectl x8sync --cutover --again --then nothing ${pair}`],
      hint: 'the line above cuts that claim over once more, and leaves the workload stopped; then run the same command again. Where the old files are what is wanted, --then nothing leaves it to you to start the target',
    },
  );
}
