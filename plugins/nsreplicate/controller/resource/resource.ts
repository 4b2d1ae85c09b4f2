/** KRMSyncer resources as the API server has them. */
import type { Condition, KubeObject } from '../../../../src/kube/api/objects.ts';
import type { Resource } from '../../../../src/kube/api/resources.ts';

/** A condition as `meta/v1` has it now, with the generation that it is about. */
export interface SyncerCondition extends Required<Condition> {
  observedGeneration: number;
}

/** What the controller says of one resource. */
export interface SyncerStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly SyncerCondition[];
  readonly mode?: 'push' | 'pull' | undefined;
  readonly suspended: boolean;
  /** Name of the engine's task, for `status`, `jobs`, `approve` and `retry`; undefined before it was found. */
  readonly task?: string | undefined;
  /** Objects that are kept the same; undefined before they were counted. */
  readonly objects?: number | undefined;
  /** Objects that differ, as far as is known. */
  readonly pending?: number | undefined;
  /** For how long the oldest of them has waited, roughly, as `5s`. */
  readonly lag?: string | undefined;
}

export interface SyncerObject extends KubeObject {
  spec?: unknown;
  status?: Partial<SyncerStatus>;
}

export const group = 'syncer.gkelabs.io';

export const krmSyncers: Resource<SyncerObject> = {
  group,
  version: 'v1alpha1',
  plural: 'krmsyncers',
  kind: 'KRMSyncer',
  namespaced: true,
};

/** `namespace/name`, which is unique in a cluster. */
export const placeOf = ({ metadata: { namespace, name } }: KubeObject): string => `${namespace}/${name}`;
