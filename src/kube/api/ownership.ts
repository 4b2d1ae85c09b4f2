/**
 * Keys of labels and annotations by which GitOps controllers, package managers and operators know what is theirs. They
 * apply such an object again and again, and some delete one that bears their mark and is not in their repository.
 */

export interface OwnershipMark {
  readonly key: RegExp;
  /** Who leaves it, as a person knows them. */
  readonly who: string;
  /** They put what bears it back to what it was, by themselves. */
  readonly keeps: boolean;
}

export const ownershipMarks: readonly OwnershipMark[] = [
  // https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/: the second was the default until version 3, and
  // charts set it, too.
  { key: /^argocd\.argoproj\.io\//, who: 'Argo CD', keeps: true },
  { key: /^app\.kubernetes\.io\/instance$/, who: 'Argo CD', keeps: false },
  // https://fluxcd.io/flux/components/kustomize/kustomizations/#garbage-collection; without a prefix: version 1's
  // fluxcd.io/sync-gc-mark, https://fluxcd.io/legacy/flux/references/garbagecollection/.
  { key: /^((kustomize|helm)\.toolkit\.)?fluxcd\.io\//, who: 'Flux', keeps: true },
  // The hash of a set that rancher/wrangler's pkg/apply prunes, which Fleet and k3s use.
  { key: /^(objectset\.rio|fleet)\.cattle\.io\//, who: 'Fleet', keeps: true },
  // https://cloud.google.com/kubernetes-engine/config-sync/docs/reference/label-and-annotations
  { key: /^(configmanagement|configsync)\.gke\.io\//, who: 'Config Sync', keeps: true },
  // https://carvel.dev/kapp/docs/latest/faq/: kapp.k14s.io/app, by which it lists what to delete.
  { key: /^kapp\.k14s\.io\//, who: 'kapp', keeps: true },
  // https://olm.operatorframework.io: olm.owner, olm.managed; operators.coreos.com/<package>.<namespace>.
  { key: /^(olm\.|operators\.coreos\.com\/)/, who: 'OLM', keeps: true },
  // kubernetes/cluster/addons/addon-manager: prunes by its label what is in no file.
  { key: /^addonmanager\.kubernetes\.io\//, who: 'the addon manager', keeps: true },
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#applyset-kubernetes-io-part-of
  { key: /^applyset\.kubernetes\.io\//, who: 'kubectl apply --prune', keeps: false },
  // https://helm.sh/docs/topics/charts_tips_and_tricks/: beside its annotations meta.helm.sh/*.
  { key: /^(app\.kubernetes\.io\/managed-by$|meta\.helm\.sh\/)/, who: 'Helm', keeps: false },
];

/** Labels without those that tell whose an object is, and the keys of these. Pure. */
export function withoutOwnership(labels: Readonly<Record<string, string>>): {
  readonly labels: Readonly<Record<string, string>>;
  readonly leftOut: readonly string[];
} {
  const isMark = (name: string) => ownershipMarks.some(({ key }) => key.test(name));
  const kept = Object.entries(labels).filter(([name]) => !isMark(name));
  return { labels: Object.fromEntries(kept), leftOut: Object.keys(labels).filter(isMark) };
}
