/** The tasks of this plugin in a cluster. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { TaskStore } from '../../../../src/tasks/store.ts';
import { tool } from '../../objects/sides.ts';
import { specSchema } from './request.ts';

export function storeOf(kube: KubeClient, { clock }: { readonly clock: Clock }): TaskStore {
  return new TaskStore({ kube, tool, schema: specSchema, clock });
}
