/** What stands for and against a copy, found out before anything is made: it only reads, and creates by dry run. */
import { ForbiddenError, UnreachableError, type X8sError } from '../../../src/errors.ts';
import {
  type ClaimRef,
  type ClaimState,
  clusterOf,
  describeClaim,
  describeSize,
  readClaim,
} from '../claims/claim.ts';
import { checkSource, checkTarget } from '../claims/claim-checks.ts';
import { readTarget } from '../claims/missing-target.ts';
import { madeFor, mayBeMadeFor } from '../connect/strategies.ts';
import { readNodes } from '../monitor/nodes.ts';
import type { Role } from '../objects/sides.ts';
import type { Then } from '../records/cutover-state.ts';
import type { CopyContext, CopyRequest } from '../run/request/request.ts';
import { askRights, findingsOfRights, type Right } from './access.ts';
import { cutoverFindings, movedHereFindings } from './cutover.ts';
import { checked, errorOf, type Finding, failed, note, ok } from './finding.ts';
import { examineNamespace } from './namespace.ts';
import { capacityOf, type Measured, roomFindings, usageOf } from './room.ts';
import { judgeStrategies, type StrategyVerdict } from './strategies.ts';

/** What of a copy's wishes decides whether it can be done. */
export type DoctorRequest = Pick<
  CopyRequest,
  | 'source'
  | 'target'
  | 'strategies'
  | 'push'
  | 'service'
  | 'runAs'
  | 'fsGroup'
  | 'trustedXattrs'
  | 'allowMounted'
  | 'again'
  | 'image'
  | 'pod'
> & {
  /** What is started at its end, where the copy is a cutover. */
  readonly cutover?: Then | undefined;
};

export interface Examination {
  readonly findings: readonly Finding[];
  readonly strategies: readonly StrategyVerdict[];
  readonly rights: readonly Right[];
  /** What a copy would end with; undefined where nothing is known that stands against it. */
  readonly error: X8sError | undefined;
}

const roles: readonly Role[] = ['source', 'target'];

/** Looks at both sides. What a copy would fail of is a finding; rejects where a cluster fails in the middle. */
export async function examine(
  request: DoctorRequest,
  { clock, signal }: Pick<CopyContext, 'clock' | 'signal'>,
): Promise<Examination> {
  const reached = (await Promise.all(roles.map((role) => reach(role, request[role], signal)))).flat();
  if (errorOf(reached)) return { findings: reached, strategies: [], rights: [], error: errorOf(reached) };
  const { strategies: named, push } = request;
  const wish = { required: madeFor(named, push), any: mayBeMadeFor(named, push) };
  const rights = (
    await Promise.all(roles.map((role) => askRights(role, request[role], wish, signal)))
  ).flat();
  const claims = await readClaims(request, signal);
  const findings = [...reached, ...findingsOfRights(rights), ...claims.findings];
  const namespaces = await Promise.all(
    roles.map((role) => examineNamespace(role, claims[role], request, rights, signal)),
  );
  findings.push(...namespaces.flat());
  const { strategies, found } = await strategiesOf(request, claims, rights, signal);
  findings.push(...found, ...(await roomOf(claims, signal)));
  const { cutover, again } = request;
  const { source, target, isOneCluster } = claims;
  const isOneClaim = source !== undefined && source.uid === target?.uid;
  if (!isOneClaim) findings.push(...(await movedHereFindings(request, { clock, signal })));
  if (cutover && !isOneClaim && source && target)
    findings.push(
      ...(await cutoverFindings({ source, target, isOneCluster }, { afterwards: cutover, again }, signal)),
    );
  return { findings, strategies, rights, error: errorOf(findings) };
}

async function reach(side: Role, { kube }: ClaimRef, signal: AbortSignal): Promise<readonly Finding[]> {
  const place = { side, check: 'API server' };
  return checked(place, signal, async () => {
    const began = performance.now();
    await kube.request({ method: 'GET', path: '/version', signal });
    const { context, server } = kube.cluster;
    return [ok(place, `${context} (${server}) answers in ${Math.round(performance.now() - began)} ms`)];
  });
}

interface Claims {
  readonly source: ClaimState | undefined;
  readonly target: ClaimState | undefined;
  readonly isOneCluster: boolean;
  readonly findings: readonly Finding[];
}

async function readClaims(request: DoctorRequest, signal: AbortSignal): Promise<Claims> {
  const ids = await Promise.all(roles.map((role) => clusterOf(request[role], signal)));
  const states: Partial<Record<Role, ClaimState>> = {};
  const read = roles.map((role, index) =>
    checked({ side: role, check: 'claim' }, signal, async () => {
      const read = role === 'target' ? readTarget : readClaim;
      const state = await read(request[role], ids[index] ?? '', signal);
      states[role] = state;
      return usersOf(role, state);
    }),
  );
  const found = (await Promise.all(read)).flat();
  const { source, target } = states;
  const checks = [
    ...(source ? [await claimFinding('source', source, signal, () => checkSource(source))] : []),
    ...(source && target
      ? [
          await claimFinding('target', target, signal, () =>
            checkTarget(target, source, request.allowMounted),
          ),
        ]
      : []),
  ];
  return { source, target, isOneCluster: ids[0] === ids[1], findings: [...checks.flat(), ...found] };
}

function claimFinding(
  side: Role,
  state: ClaimState,
  signal: AbortSignal,
  check: () => void,
): Promise<readonly Finding[]> {
  const place = { side, check: 'claim' };
  return checked(place, signal, async () => {
    check();
    return [ok(place, `${describeClaim(state.ref)} (${describeSize(state)})`)];
  });
}

/** Who mounts the claim. */
function usersOf(side: Role, { mounts }: ClaimState): Finding[] {
  const place = { side, check: 'mounted by' };
  if (mounts.length === 0) return [ok(place, 'no pod')];
  const pods = mounts.map(({ pod, node, task }) => {
    const where = node === undefined ? 'not scheduled' : `on ${node}`;
    return `${pod} (${task === undefined ? where : `${where}, of task ${task}`})`;
  });
  const advice = side === 'source' ? ': what they change meanwhile may arrive half changed' : '';
  return [note(place, `${pods.join(', ')}${advice}`)];
}

async function strategiesOf(
  request: DoctorRequest,
  { source, target, isOneCluster }: Claims,
  rights: readonly Right[],
  signal: AbortSignal,
): Promise<{ readonly strategies: readonly StrategyVerdict[]; readonly found: readonly Finding[] }> {
  if (!source || !target) return { strategies: [], found: [] };
  const place = { side: 'both', check: 'strategy' } as const;
  const strategies: StrategyVerdict[] = [];
  const found = await checked(place, signal, async () => {
    const { strategies: wanted, push, service, fsGroup } = request;
    const nodes = await readNodes(request[push ? 'target' : 'source'].kube, signal);
    const look = { push, source, target, isOneCluster, wanted, service, fsGroup, rights, nodes };
    strategies.push(...(await judgeStrategies(look, signal)));
    const none = strategies.every(({ open, tried }) => !open || !tried);
    const closed = strategies.map(({ name, reason }) => `${name}: ${reason}`);
    return [...strategies.map(strategyFinding), ...(none ? [failed(place, noStrategy(closed, rights))] : [])];
  });
  return { strategies, found };
}

function strategyFinding({ name, open, tried, reason }: StrategyVerdict): Finding {
  const place = { side: 'both', check: `strategy ${name}` } as const;
  if (!open) return note(place, `not open: ${reason}`);
  return tried ? ok(place, reason) : note(place, `open, and not tried with these flags: ${reason}`);
}

function noStrategy(closed: readonly string[], rights: readonly Right[]): X8sError {
  const isForbidden = rights.some(({ allowed, need }) => !allowed && need !== 'helpful');
  const message = 'none of the strategies that would be tried is open';
  return new (isForbidden ? ForbiddenError : UnreachableError)(message, { details: closed });
}

async function roomOf({ source, target }: Claims, signal: AbortSignal): Promise<readonly Finding[]> {
  if (!source || !target) return [];
  const [from, to] = await Promise.all([measure(source, signal), measure(target, signal)]);
  return roomFindings(from, to);
}

async function measure(state: ClaimState, signal: AbortSignal): Promise<Measured> {
  const { kube, namespace, claim } = state.ref;
  const node = state.mounts.find((mount) => mount.node !== undefined)?.node;
  const capacity = capacityOf(state);
  if (node === undefined) return { capacity, usage: undefined };
  try {
    return { capacity, usage: await usageOf(kube, { namespace, claim, node }, signal) };
  } catch {
    // Few users may ask nodes; what is not known is said.
    signal.throwIfAborted();
    return { capacity, usage: undefined };
  }
}
