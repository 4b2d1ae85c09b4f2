/** Whether clusters answer, and allow what a task needs. */
import { messageOf } from '../../../src/errors.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { describePermission, missingPermissions, type Permission } from '../../../src/kube/cluster/access.ts';
import type { Finding } from './finding.ts';

export interface RightsToCheck {
  /** What the person calls the cluster. */
  readonly cluster: string;
  /** What it is to the task: `primary`, `replica`, `state`. */
  readonly as: string;
  readonly kube: KubeClient;
  readonly needs: readonly Permission[];
}

/** A finding for each verb that is missing, or one that says that none is. */
export async function checkRights(
  { cluster, as, kube, needs }: RightsToCheck,
  options: CallOptions,
): Promise<Finding[]> {
  const check = `rights (${as})`;
  try {
    const missing = await missingPermissions(kube, needs, options);
    if (missing.length === 0)
      return [{ cluster, check, verdict: 'ok', message: `${kube.cluster.user} may do all that is needed` }];
    return missing.map((need) => ({
      cluster,
      check,
      verdict: 'denied',
      message: `${kube.cluster.user} may not ${describePermission(need)}`,
    }));
  } catch (error) {
    options.signal?.throwIfAborted();
    return [{ cluster, check, verdict: 'denied', message: messageOf(error) }];
  }
}

/** What came of asking a cluster for its version. */
export interface Answered {
  readonly finding: Finding;
  /** Undefined where it did not answer, or said none. */
  readonly version: string | undefined;
}

/** Whether a cluster answers, and which version it is. */
export async function checkAnswers(
  cluster: string,
  kube: KubeClient,
  options: CallOptions,
): Promise<Answered> {
  const check = 'API server';
  try {
    const { gitVersion: version } = await kube.request<{ readonly gitVersion?: string }>({
      ...options,
      method: 'GET',
      path: '/version',
    });
    return { finding: { cluster, check, verdict: 'ok', message: `answers, ${version}` }, version };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { finding: { cluster, check, verdict: 'denied', message: messageOf(error) }, version: undefined };
  }
}
