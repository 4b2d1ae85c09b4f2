/** Checks everything that a sync needs, and explains what is found. */
import { existsSync, readFileSync } from 'node:fs';
import { messageOf } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { parseQuantity } from '../../../src/kube/api/quantity.ts';
import { describePermission, missingPermissions } from '../../../src/kube/cluster/access.ts';
import { containerOf } from '../launch/containers.ts';
import { launchAnew } from '../launch/launch.ts';
import type { LaunchContext, Target } from '../launch/launcher.ts';
import { writtenUser } from '../launch/security.ts';
import { chooseTarget, listPods } from '../session/pods/pods.ts';
import { describeBudget, storageBudget } from '../session/pods/storage-budget.ts';
import type { SyncSpec, TargetSpec } from '../spec/spec.ts';
import type { Sync } from '../spec/spec-store.ts';
import type { Workstation } from '../spec/workstation.ts';
import { isOptional, permissionsCheck, rightsFor } from './rights.ts';
import { NotAgreed, refusalOf } from './serve-sync.ts';

export interface Finding {
  readonly check: string;
  /** `note`: works, and is worth knowing. */
  readonly verdict: 'ok' | 'note' | 'failed';
  readonly message: string;
}

/** Access to the cluster: it answers, and allows what is needed. */
export async function checkCluster(
  kube: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { context, server, user } = kube.cluster;
  const began = performance.now();
  await kube.request({ method: 'GET', path: '/version', signal });
  const reached = `${server} (context ${context}) answers in ${Math.round(performance.now() - began)} ms`;
  const findings: Finding[] = [{ check: 'API server', verdict: 'ok', message: reached }];
  const missing = await missingPermissions(kube, rightsFor(namespace, 'auto'), { signal });
  for (const permission of missing) {
    const verdict = isOptional(permission, 'auto') ? 'note' : 'failed';
    findings.push({
      check: permissionsCheck,
      verdict,
      message: `${user} may not ${describePermission(permission)}`,
    });
  }
  if (missing.length === 0)
    findings.push({
      check: permissionsCheck,
      verdict: 'ok',
      message: `${user} may do all that is needed in ${namespace}`,
    });
  return findings;
}

/** This workstation: how many directories can be watched. */
export function checkWorkstation(): Finding[] {
  try {
    const limit = Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
    const few = limit < 65_536;
    const advice = few ? '; large trees will be polled. sysctl fs.inotify.max_user_watches raises it' : '';
    return [
      {
        check: 'watches',
        verdict: few ? 'note' : 'ok',
        message: `${limit} directories can be watched${advice}`,
      },
    ];
  } catch {
    return [{ check: 'watches', verdict: 'ok', message: 'the system watches whole trees' }];
  }
}

/** LOCAL of a sync: whether it is here, and the very directory that it was made with. */
export function checkSync(sync: Sync, workstation: Workstation): Finding {
  const { path } = sync.spec.local;
  const refusal = refusalOf(sync, workstation);
  if (refusal) {
    const check = refusal instanceof NotAgreed ? 'specification' : 'LOCAL';
    const details = refusal instanceof NotAgreed ? refusal.details : [];
    return { check, verdict: 'failed', message: [refusal.message, ...details, refusal.hint].join('; ') };
  }
  if (!existsSync(path)) return { check: 'LOCAL', verdict: 'failed', message: `${path} does not exist` };
  return { check: 'LOCAL', verdict: 'ok', message: `${path} is the directory that it was made with` };
}

/** The container that would be chosen, and how an agent gets to it: it is really started. */
export async function checkTarget(
  kube: KubeClient,
  namespace: string,
  spec: TargetSpec,
  context: Omit<LaunchContext, 'target' | 'kube'>,
  sync?: Pick<SyncSpec, 'remote' | 'trashLimits' | 'runAs'>,
): Promise<Finding[]> {
  const { signal } = context;
  const known = await listPods(kube, namespace, spec, signal);
  const { target, message } = chooseTarget(known, spec, undefined);
  if (target === undefined) return [{ check: 'pod', verdict: 'failed', message }];
  const { container, pod } = target;
  return [
    { check: 'pod', verdict: 'ok', message },
    ...checkUser(pod, container),
    ...checkMemory(target),
    ...(sync ? [checkStorage(target, sync)] : []),
    ...(await checkAgent({ ...context, kube, target, runAs: sync?.runAs })),
  ];
}

function checkUser(pod: Pod, container: string): Finding[] {
  const user = writtenUser(pod, container);
  if (user !== undefined)
    return [{ check: 'user', verdict: 'ok', message: `the container runs as ${user.uid}` }];
  const message =
    "the container's user stands in its image only: an agent beside it takes a second ephemeral container where that is not root. runAsUser in the pod saves it";
  return [{ check: 'user', verdict: 'note', message }];
}

function checkStorage(
  target: Target,
  { remote, trashLimits }: Pick<SyncSpec, 'remote' | 'trashLimits'>,
): Finding {
  const message = describeBudget(storageBudget(target, remote, trashLimits.container));
  return { check: 'storage', verdict: 'ok', message };
}

/** An agent needs this much, in bytes. */
const agentMemory = 96 << 20;

function checkMemory({ pod, container }: Target): Finding[] {
  const { resources } = (containerOf(pod, container) ?? {}) as {
    resources?: { limits?: { memory?: string } };
  };
  const text = resources?.limits?.memory;
  const limit = text === undefined ? undefined : Number(parseQuantity(text));
  if (limit === undefined)
    return [{ check: 'memory', verdict: 'ok', message: 'the container has no memory limit' }];
  const tight = limit < agentMemory * 3;
  const message = `the limit is ${resources?.limits?.memory}; an agent takes up to ${agentMemory >> 20} MiB of the pod's`;
  const advice = tight ? ', and would be the first to be killed' : '';
  return [{ check: 'memory', verdict: tight ? 'note' : 'ok', message: message + advice }];
}

async function checkAgent(context: LaunchContext): Promise<Finding[]> {
  try {
    const { launcher, connection, refusals } = await launchAnew(context);
    const { about } = await connection.hello;
    const began = performance.now();
    await connection.barrier(0);
    const delay = Math.round(performance.now() - began);
    connection.close();
    const message = `an agent runs by ${launcher}: node ${about.node}, ${about.platform} ${about.arch}, user ${about.uid}:${about.gid}, ${delay} ms away`;
    return [
      ...refusals.map(
        (one): Finding => ({ check: `agent by ${one.launcher}`, verdict: 'note', message: one.reason }),
      ),
      { check: 'agent', verdict: 'ok', message },
    ];
  } catch (error) {
    const details = (error as { details?: readonly string[] }).details ?? [];
    return [{ check: 'agent', verdict: 'failed', message: [messageOf(error), ...details].join('; ') }];
  }
}
