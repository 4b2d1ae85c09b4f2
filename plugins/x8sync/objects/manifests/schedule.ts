/** What a schedule leaves at the target: a CronJob of movers, and the one right that their gate has. */
import type { CronJob, KubeObject, Role, RoleBinding } from '../../../../src/kube/api/objects.ts';
import type { PodPlan } from './pods.ts';
import type { SideMeta } from './service.ts';
import { jobSpec } from './target.ts';

/** As a CronJob has them. */
export interface CronFields {
  readonly cron: string;
  readonly timeZone: string;
}

/** What changes a CronJob's times, and lets it go on where somebody has suspended it. */
export const timetablePatch = ({ cron, timeZone }: CronFields) => ({
  spec: { schedule: cron, timeZone, suspend: false },
});

/**
 * Never two writers: a Job is not begun before the one before it is over (`concurrencyPolicy: Forbid`), and within a Job
 * it is as with one copy alone. The last Jobs of both kinds stay, for their pods say how they ended.
 */
export function targetCronJob(
  side: SideMeta,
  plan: PodPlan,
  fields: CronFields,
  annotations: Readonly<Record<'cronJob' | 'pods', Record<string, string>>>,
): CronJob {
  const { labels } = side.meta;
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { ...side.meta, annotations: annotations.cronJob },
    spec: {
      ...timetablePatch(fields).spec,
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels, annotations: annotations.pods },
        spec: jobSpec(side, plan, annotations.pods),
      },
    },
  };
}

export const gateAccount = ({ meta }: SideMeta): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { ...meta },
  // The pods say themselves which of their containers has a token.
  ...{ automountServiceAccountToken: false },
});

/** Lists pods of its namespace, and nothing else. */
export const gateRole = ({ meta }: SideMeta): Role => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { ...meta },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
});

/** @param account whose it is: the one that a person names for the pods, or {@link gateAccount}. */
export const gateRoleBinding = ({ meta }: SideMeta, account: string): RoleBinding => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { ...meta },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: meta.name },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace: meta.namespace ?? '' }],
});
