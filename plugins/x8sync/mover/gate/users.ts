/** Who has a claim mounted, as far as a list of the namespace's pods tells. Pure. */

/** A pod as the API has it, as far as it is looked at. */
export interface ListedPod {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly volumes?: readonly {
      readonly name?: string;
      readonly persistentVolumeClaim?: { readonly claimName?: string };
      readonly ephemeral?: object;
    }[];
  };
  readonly status?: { readonly phase?: string };
}

/** Names of the pods, besides the one that asks, that have the claim: of others, and movers as well. */
export function usersOf(
  pods: readonly ListedPod[],
  { claim, pod }: { readonly claim: string; readonly pod: string },
): string[] {
  const others = pods.filter((one) => one.metadata?.name !== pod && !hasEnded(one) && mounts(one, claim));
  return others.map(({ metadata }) => metadata?.name ?? '');
}

const hasEnded = ({ status }: ListedPod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** A generic ephemeral volume has a claim that is named after the pod and the volume. */
const mounts = ({ metadata, spec }: ListedPod, claim: string): boolean =>
  (spec?.volumes ?? []).some(
    ({ name, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === claim || (ephemeral && `${metadata?.name}-${name}` === claim),
  );
