/** Whether there can be a node for pods that are given another claim: by their template, and by where its volume is. */
import { RefusedError } from '../../../src/errors.ts';
import { persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { type ClaimRef, describeClaim, readVolume } from '../claims/claim.ts';
import type { Workload } from '../records/claim-workloads.ts';

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface NodeSelector {
  readonly nodeSelectorTerms?: readonly { readonly matchExpressions?: readonly Expression[] }[];
}

interface Affinity {
  readonly nodeAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector };
}

/** @throws RefusedError where no node that the template takes can be one of those that the volume is for. */
export async function requireReachable(
  ref: ClaimRef,
  workloads: readonly Workload[],
  signal: AbortSignal,
): Promise<void> {
  const { kube, namespace, claim } = ref;
  // It may be bound since it was read first.
  const object = await kube.get(persistentVolumeClaims, { namespace, name: claim }, { signal });
  const volume = await readVolume(ref, object, signal);
  const affinity = volume?.spec.nodeAffinity as { readonly required?: NodeSelector } | undefined;
  for (const workload of workloads) {
    const keys = contradictions(termsOf(affinity?.required), templateTerms(workload));
    if (!keys) continue;
    throw new RefusedError(
      `${workload.kind} ${workload.name} could not mount ${describeClaim(ref)}, so nothing was stopped: its template takes no node that the volume is for (${keys.join(', ')})`,
      { hint: 'change the nodeSelector or the affinity of its template first, or take a claim on its nodes' },
    );
  }
}

/** Terms of which one has to hold; one that asks for nothing where there are none. */
const termsOf = (selector: NodeSelector | undefined): (readonly Expression[])[] => {
  const terms = (selector?.nodeSelectorTerms ?? []).map(({ matchExpressions = [] }) => matchExpressions);
  return terms.length > 0 ? terms : [[]];
};

function templateTerms({ object }: Workload): (readonly Expression[])[] {
  const { nodeSelector = {}, affinity } = (object.spec.template.spec ?? {}) as {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly affinity?: Affinity;
  };
  const labels = Object.entries(nodeSelector).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return termsOf(required).map((term) => [...term, ...labels]);
}

/** The labels that stand against each pair of terms; undefined where one pair may hold. */
function contradictions(
  some: readonly (readonly Expression[])[],
  others: readonly (readonly Expression[])[],
): string[] | undefined {
  const found = some.flatMap((one) => others.map((other) => contradiction(one, other)));
  const keys = found.filter((key) => key !== undefined);
  return keys.length === found.length ? [...new Set(keys)] : undefined;
}

function contradiction(some: readonly Expression[], others: readonly Expression[]): string | undefined {
  const all = [...some, ...others];
  const wanted = all.filter(({ operator }) => operator === 'In');
  const isLeft = (value: string, key: string) =>
    all.every(({ key: other, operator, values = [] }) => {
      if (other !== key) return true;
      if (operator === 'In') return values.includes(value);
      return operator === 'NotIn' ? !values.includes(value) : operator !== 'DoesNotExist';
    });
  return wanted.find(({ key, values = [] }) => !values.some((value) => isLeft(value, key)))?.key;
}
