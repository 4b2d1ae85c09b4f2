/** What a replica has within the rules that the primary lacks, and that is no copy: an old primary may have much of it. */

import { describe, type ObjectKey, placeOf } from '../objects/keys.ts';
import { isNamespaceDefault } from '../objects/namespace-defaults.ts';
import type { Survey, SurveyedReplica } from './survey.ts';

/** By replica: `Secret shop/tls`; what every namespace has by itself, or is never copied, is left out. */
export function extrasOf({ primaryCache, replicas }: Survey): ReadonlyMap<string, string[]> {
  const isExtra = ({ replicaCache }: SurveyedReplica, key: ObjectKey): boolean =>
    primaryCache.original(key) === undefined &&
    primaryCache.isComplete(key) &&
    replicaCache.isInScope(key) &&
    !replicaCache.isOurs(key) &&
    replicaCache.get(key)?.isLeftOut === false &&
    !isDefault(key);
  return new Map(
    replicas.map((replica) => {
      const extras = [...replica.replicaCache.keys()].filter((key) => isExtra(replica, key));
      return [replica.cluster.name, extras.map(describe).sort()];
    }),
  );
}

function isDefault(key: ObjectKey): boolean {
  const { kind, namespace, name } = placeOf(key);
  return isNamespaceDefault({ apiVersion: 'v1', kind, metadata: { namespace, name } });
}
