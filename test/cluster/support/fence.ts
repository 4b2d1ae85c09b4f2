/** What a promotion is tested with: a workload that needs no node, and what audit logs tell of writes. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { AuditEvent } from './solo-server.ts';

/** Ready as soon as it is awake: no node is needed. */
export const nightly = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly' },
  spec: {
    schedule: '0 3 1 1 *',
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none' }] } } },
    },
  },
} as KubeObject;

/** Writes of copies that were made, and those by which workloads are woken, in the namespace. */
export function told(events: readonly AuditEvent[], namespace: string) {
  const made = events.filter(
    ({ objectRef, responseStatus }) =>
      objectRef?.namespace === namespace && (responseStatus?.code ?? 0) < 300,
  );
  const by = (manager: string) =>
    made.filter(
      ({ requestURI }) => new URL(requestURI, 'https://x').searchParams.get('fieldManager') === manager,
    );
  const woken = by('kubectl-nsreplicate-failover');
  // Deletions name no manager.
  const copied = [...by('kubectl-nsreplicate'), ...made.filter(({ verb }) => verb === 'delete')];
  return { woken, copied };
}
