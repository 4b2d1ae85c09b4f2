/** Objects of a copy, made by dry run: the API server says what it admits, and keeps nothing. */
import type { ApiError } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { taskLabels } from '../../../src/tasks/names.ts';
import type { SideMeta } from '../objects/manifests/service.ts';
import { type Role, tool } from '../objects/sides.ts';

/** A side of no task, for manifests that are only tried. */
export function trialSide(role: Role, namespace: string): SideMeta {
  const selector = taskLabels(tool, 'doctor', role);
  return { meta: { name: `${tool}-doctor-${role}`, namespace, labels: selector }, selector };
}

/** The server's refusal, or undefined where it admits the object. @throws where it could not be asked. */
export async function tryCreate<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  object: T,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  try {
    await kube.create(resource, object, { dryRun: true, signal });
    return undefined;
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal) return refusal;
    throw error;
  }
}
