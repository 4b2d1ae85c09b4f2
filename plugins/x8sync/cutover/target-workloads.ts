/** The workloads of the target that a cutover is to start, and with what. */
import { RefusedError } from '../../../src/errors.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';
import { claimsOf, type Workload, workloadsByTemplate } from '../records/claim-workloads.ts';
import { namesOf, scaleCommand } from '../records/cutover-state.ts';
import { markedIn } from '../records/stop-mark.ts';
import { requireStartable } from './precautions.ts';

/** What mounts the source: with pods, and without them by wish. */
export interface SourceWorkloads {
  readonly running: readonly Workload[];
  readonly idle: readonly Workload[];
}

/**
 * Those that mount the target claim, with as many pods as each is to have: as the source's of its name, or as the
 * source's only one. Where that of its name has no pods by wish, it is left without; but the only one starts where nothing
 * runs at the source: its workload was stopped by hand, or by a cutover of another claim of it.
 *
 * @throws RefusedError where there is none, or one is one of the source's as well.
 */
export async function targetWorkloads(
  ref: ClaimRef,
  source: SourceWorkloads,
  signal: AbortSignal,
): Promise<Workload[]> {
  const found = await workloadsByTemplate(ref, signal);
  if (found.length === 0)
    throw new RefusedError(
      `no Deployment or StatefulSet mounts ${describeClaim(ref)}: there is nothing to start`,
      { hint: 'make it with no replicas first, or give --then nothing' },
    );
  requireApart(source, found);
  const starting = toStart(ref, source, found);
  requireStartable(ref, starting, false);
  return starting.map((workload) => ({ ...workload, replicas: replicasFor(workload, source) }));
}

/** @throws RefusedError where one has, or is to have, claims of both sides: stopping it would change the other's, too. */
function requireApart({ running }: SourceWorkloads, found: readonly Workload[]): void {
  const both = found.find(({ uid }) => running.some((one) => one.uid === uid));
  if (both)
    throw new RefusedError(
      `${both.kind} ${both.name} is to be stopped and to be started: its pods have the source claim, and its template names the target`,
      {
        hint: 'let its pods come up with the template that they are to have (a rollout that is paused, or OnDelete), or give --then nothing',
      },
    );
}

/** @throws RefusedError where one that is to start has pods already by its own wish, whether these have come or not. */
export function requireAtZero(ref: ClaimRef, starting: readonly Workload[]): void {
  const begun = starting.flatMap(({ object: { spec }, ...workload }) =>
    spec.replicas === 0 ? [] : [{ ...workload, replicas: spec.replicas ?? 1 }],
  );
  if (begun.length === 0) return;
  const { context } = ref.kube.cluster;
  throw new RefusedError(
    `target claim ${describeClaim(ref)} is in use by ${namesOf(begun)}: what it writes would be mixed with the copy`,
    {
      details: begun.map((one) => scaleCommand({ ...one, replicas: 0 }, context, ref.namespace)),
      hint: 'see whether what it has written is to stay, and scale it to 0 first: the cutover starts it in its end',
    },
  );
}

/** @throws RefusedError where none is to start. */
function toStart(ref: ClaimRef, { running, idle }: SourceWorkloads, found: readonly Workload[]): Workload[] {
  if (running.length === 0 && found.length === 1) return [...found];
  const isIdle = ({ kind, name }: Workload) => idle.some((one) => one.kind === kind && one.name === name);
  const starting = found.filter((workload) => !isIdle(workload));
  if (starting.length > 0) return starting;
  const names = found.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  throw new RefusedError(
    `none of what mounts ${describeClaim(ref)} is to start: ${names} of the source has no pods`,
    {
      hint: 'scale at the source what is to run, or give --then nothing and scale it at the target afterwards',
    },
  );
}

function replicasFor(workload: Workload, { running, idle }: SourceWorkloads): number {
  const stoppedBefore = idle.flatMap(({ kind, object }) => markedIn(kind, object)?.workload ?? []);
  const models = running.length > 0 ? running : stoppedBefore;
  const [only, ...others] = models;
  const model = models.find(({ name }) => name === workload.name) ?? (others.length === 0 ? only : undefined);
  return Math.max(1, model?.replicas ?? workload.replicas);
}

/**
 * Claims that a StatefulSet of the target would make as it starts, a line each: where nobody has copied them, its pods find
 * nothing in them.
 *
 * @param workloads with the pods that they are to have
 * @throws RefusedError where nobody has agreed to that.
 */
export async function emptyClaims(
  { kube, namespace, claim }: ClaimRef,
  workloads: readonly Workload[],
  confirmed: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const of = async (workload: Workload): Promise<string[]> => {
    const claims = claimsOf(workload).filter((name) => name !== claim);
    const there = await Promise.all(
      claims.map((name) => kube.find(persistentVolumeClaims, { namespace, name }, { signal })),
    );
    const missing = claims.filter((_, index) => there[index] === undefined);
    if (missing.length === 0) return [];
    const { kind, name, replicas } = workload;
    const what = `${kind} ${name} (${replicas}) of the target would start with claims that are not there: ${missing.join(', ')}`;
    if (confirmed) return [`${what}; those that a StatefulSet makes are empty`];
    throw new RefusedError(`${what}; nothing was stopped`, {
      hint: "copy the source's of these first, with --create-target; or pass --yes, and they are made empty",
    });
  };
  return (await Promise.all(workloads.map(of))).flat();
}
