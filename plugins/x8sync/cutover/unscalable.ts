/** A pod whose owner no cutover stops and starts, and how a person ends it: pods that are deleted come again as a rule. Pure. */
import { RefusedError } from '../../../src/errors.ts';
import type { OwnerReference, Pod } from '../../../src/kube/api/objects.ts';
import { type ClaimRef, describeClaim } from '../claims/claim.ts';

type Owner = Pick<OwnerReference, 'kind' | 'name'>;

interface Way {
  /** To be read after `kubectl`, with context and namespace. */
  readonly command: string;
  readonly hint: string;
}

const again = 'and run the same command again, or copy without --cutover';

/** Those that `kubectl scale` knows beside what a cutover scales itself. */
const scalable: readonly string[] = ['ReplicaSet', 'ReplicationController'];

/** The error where a pod that mounts a claim has an owner that a cutover can't scale down and up again, or none. */
export function notScalable(
  ref: ClaimRef,
  { metadata: { name } }: Pod,
  owner: Owner | undefined,
): RefusedError {
  const { kube, namespace } = ref;
  const what = owner ? `belongs to ${owner.kind} ${owner.name}` : 'has no controller';
  const { command, hint } = wayToEnd(name, owner);
  return new RefusedError(
    `pod ${namespace}/${name} mounts ${describeClaim(ref)} and ${what}: a cutover stops and starts Deployments and StatefulSets only`,
    {
      details: [`kubectl --context ${kube.cluster.context} -n ${namespace} ${command}`],
      hint: `nothing was stopped; ${hint}`,
    },
  );
}

function wayToEnd(pod: string, owner: Owner | undefined): Way {
  if (!owner)
    return { command: `delete pod/${pod}`, hint: `end it (the line above: nothing starts it anew) ${again}` };
  const { kind, name } = owner;
  const object = `${kind.toLowerCase()}/${name}`;
  if (scalable.includes(kind))
    return {
      command: `scale ${object} --replicas=0`,
      hint: `scale it down (the line above; its pods come again where they are only deleted) ${again}; nothing scales it up again but you`,
    };
  if (kind === 'Job')
    return {
      command: `patch ${object} -p '{"spec":{"suspend":true}}'`,
      hint: `wait until it has ended, or suspend it (the line above; its pods are ended, and it begins anew once it is resumed) ${again}`,
    };
  if (kind === 'DaemonSet')
    return {
      command: `patch ${object} -p '{"spec":{"template":{"spec":{"nodeSelector":{"x8s.dev/nowhere":"true"}}}}}'`,
      hint: `a DaemonSet has no number of pods: let it fit no node (the line above, until that label is taken out of its nodeSelector) ${again}`,
    };
  return {
    command: `describe pod/${pod}`,
    hint: `end it by ${kind} ${name}, which decides about it (deleted alone, it may come again) ${again}`,
  };
}
