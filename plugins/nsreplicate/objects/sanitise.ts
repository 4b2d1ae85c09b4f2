/**
 * What is taken out of an object before it is written to another cluster: all that a server or a controller
 * filled in and that means something in its own cluster only. One small rule a row; the sources are Karmada's
 * prune.go and retain.go and Velero's restore item actions.
 */
import { own, setOwn } from '../../../src/json.ts';
import type { KubeObject, ObjectMeta } from '../../../src/kube/api/objects.ts';
import { stopMarkKey } from '../../../src/tasks/names.ts';
import {
  at,
  canonical,
  canonicalMap,
  cloneJson,
  type Draft,
  drop,
  dropKeys,
  groupKind,
  isJson,
  items,
  type Json,
  put,
} from './draft.ts';
import { dropInjectedBundles, kindsWithBundles } from './injected.ts';
import { ProvenanceKey } from './provenance.ts';
import { dropAllocated } from './service.ts';

/** What a rule may want to know beyond the object. */
export interface SanitiseContext {
  /** Whether a HorizontalPodAutoscaler sets this workload's replicas. */
  readonly isAutoscaled?: ((object: KubeObject) => boolean) | undefined;
}

/** Keys that never get into a copy, whatever its kind is: what is taken out of a map afterwards makes the map slow to use. */
interface LeftOut {
  readonly fields?: readonly string[];
  readonly metadata?: readonly string[];
  readonly labels?: readonly string[];
  readonly annotations?: readonly string[];
}

export type SanitiseRule =
  | { readonly what: string; readonly leaveOut: LeftOut }
  | {
      readonly what: string;
      /** As `groupKind` writes them. */
      readonly kinds: readonly string[];
      readonly strip: (draft: Draft, context: SanitiseContext) => void;
    };

const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'generateName',
  'managedFields',
];
const workloads = ['Deployment.apps', 'StatefulSet.apps', 'ReplicaSet.apps'];
const templated = [...workloads, 'DaemonSet.apps', 'Job.batch'];
const ownedByJob = (key: string) =>
  [
    'controller-uid',
    'batch.kubernetes.io/controller-uid',
    'job-name',
    'batch.kubernetes.io/job-name',
  ].includes(key);
const annotations = ['metadata', 'annotations'];

export const sanitiseRules: readonly SanitiseRule[] = [
  { what: 'fields that the API server sets', leaveOut: { metadata: serverFields } },
  { what: 'owners: their uids mean nothing elsewhere', leaveOut: { metadata: ['ownerReferences'] } },
  { what: 'finalizers: their controllers may not be there', leaveOut: { metadata: ['finalizers'] } },
  { what: 'status', leaveOut: { fields: ['status'] } },
  {
    what: "kubectl apply's memory",
    leaveOut: { annotations: ['kubectl.kubernetes.io/last-applied-configuration'] },
  },
  { what: 'for what a workload stands still', leaveOut: { annotations: [stopMarkKey] } },
  {
    what: 'the provenance of an earlier replication',
    leaveOut: { labels: [ProvenanceKey.task], annotations: [ProvenanceKey.origin] },
  },
  {
    what: 'what a namespace gets from its own cluster',
    kinds: ['Namespace'],
    strip: (d) => {
      drop(d, 'spec');
      drop(d, 'metadata', 'labels', 'kubernetes.io/metadata.name');
      dropKeys(d, annotations, (key) => key.startsWith('openshift.io/sa.scc.'));
    },
  },
  {
    what: 'revision counters',
    kinds: ['Deployment.apps'],
    strip: (d) => dropKeys(d, annotations, (key) => /^deployment\.kubernetes\.io\/revision/.test(key)),
  },
  {
    // The API server shows a field in it that `apps/v1` has not any more, and takes nobody's word for it.
    what: 'how often a DaemonSet was changed',
    kinds: ['DaemonSet.apps'],
    strip: (d) => drop(d, ...annotations, 'deprecated.daemonset.template.generation'),
  },
  {
    what: 'the timestamp that old clients leave in templates',
    kinds: templated,
    strip: (d) => drop(d, 'spec', 'template', 'metadata', 'creationTimestamp'),
  },
  {
    what: 'status of claim templates',
    kinds: ['StatefulSet.apps'],
    strip: (d) => {
      for (const claim of items(d, 'spec', 'volumeClaimTemplates')) {
        drop(claim, 'status');
        drop(claim, 'metadata', 'creationTimestamp');
      }
    },
  },
  {
    what: 'replicas that an autoscaler sets',
    kinds: workloads,
    strip: (d, { isAutoscaled }) => {
      if (isAutoscaled?.(d)) drop(d, 'spec', 'replicas');
    },
  },
  {
    what: 'the volume that a claim is bound to, and how it came to it',
    kinds: ['PersistentVolumeClaim'],
    strip: (d) => {
      drop(d, 'spec', 'volumeName');
      dropKeys(d, annotations, (key) => claimAnnotations.includes(key));
    },
  },
  { what: 'addresses and ports that the cluster chose', kinds: ['Service'], strip: dropAllocated },
  {
    what: 'certificate bundles that an injector of the cluster put in',
    kinds: kindsWithBundles,
    strip: dropInjectedBundles,
  },
  {
    what: 'token Secrets that a controller made',
    kinds: ['ServiceAccount'],
    strip: (d) => {
      dropMade(d, 'secrets', /-(token|dockercfg)-[a-z0-9]{5}$/);
      dropMade(d, 'imagePullSecrets', /-dockercfg-[a-z0-9]{5}$/);
    },
  },
  {
    what: "a Job's generated selector and labels",
    kinds: ['Job.batch'],
    strip: (d) => {
      if (at(d, 'spec', 'manualSelector') === true) return;
      drop(d, 'spec', 'selector');
      dropKeys(d, ['metadata', 'labels'], ownedByJob);
      dropKeys(d, ['spec', 'template', 'metadata', 'labels'], ownedByJob);
    },
  },
  {
    // The copy may be done before its original is: it would go, and be made and run again and again.
    what: 'when a finished Job is deleted: the copy goes with its original',
    kinds: ['Job.batch'],
    strip: (d) => drop(d, 'spec', 'ttlSecondsAfterFinished'),
  },
  {
    what: 'rules that aggregation fills in',
    kinds: ['ClusterRole.rbac.authorization.k8s.io'],
    strip: (d) => {
      if (isJson(d.aggregationRule)) drop(d, 'rules');
    },
  },
];

const claimAnnotations = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'volume.kubernetes.io/storage-resizer',
];

type KindRule = Extract<SanitiseRule, { readonly kinds: readonly string[] }>;
const kindRules = sanitiseRules.filter((rule) => 'kinds' in rule);
const rulesByKind: ReadonlyMap<string, readonly KindRule[]> = new Map(
  kindRules
    .flatMap(({ kinds }) => kinds)
    .map((kind) => [kind, kindRules.filter(({ kinds }) => kinds.includes(kind))]),
);
const noRules: readonly KindRule[] = [];

const rulesFor = (kind: string): readonly KindRule[] => rulesByKind.get(kind) ?? noRules;

const leftOut = (where: keyof LeftOut): ReadonlySet<string> =>
  new Set(sanitiseRules.flatMap((rule) => ('leaveOut' in rule ? (rule.leaveOut[where] ?? []) : [])));
const [fieldsOut, metadataOut] = [leftOut('fields'), leftOut('metadata')];
const mapsOut: Readonly<Record<string, ReadonlySet<string>>> = {
  labels: leftOut('labels'),
  annotations: leftOut('annotations'),
};

/** A copy of the object as it may be written to another cluster. The object itself is left as it is. */
export function sanitise(object: KubeObject, context: SanitiseContext = {}): Draft {
  const draft = cloneWithout(object as Draft, fieldsOut, (value, key) =>
    key === 'metadata' ? metadataOf(object.metadata) : cloneJson(value),
  ) as Draft;
  const rules = rulesFor(groupKind(object));
  if (rules.length === 0) return draft;
  // They are the larger part of many objects, and only few kinds need them to be looked at.
  const { managedFields } = object.metadata;
  if (managedFields && readsManagedFields(object)) draft.metadata.managedFields = managedFields;
  for (const { strip } of rules) strip(draft, context);
  drop(draft, 'metadata', 'managedFields');
  return draft;
}

function metadataOf(metadata: ObjectMeta): Json {
  return cloneWithout(metadata as unknown as Json, metadataOut, (value, key) => {
    const out = isJson(value) ? own(mapsOut, key) : undefined;
    if (!out) return cloneJson(value);
    const left = cloneWithout(value as Json, out, cloneJson);
    const isEmptied = Object.keys(left).length === 0 && Object.keys(value as Json).length > 0;
    return isEmptied ? undefined : left;
  });
}

/** A copy of a map without some keys; what `clone` makes undefined is left out too. */
function cloneWithout(
  map: Json,
  out: ReadonlySet<string>,
  clone: (value: unknown, key: string) => unknown,
): Json {
  const left: Json = {};
  for (const key of Object.keys(map)) {
    if (out.has(key)) continue;
    const value = clone(map[key], key);
    if (value !== undefined) setOwn(left, key, value);
  }
  return left;
}

/**
 * What {@link sanitise} leaves of an object, as `canonical` writes it, without making that: most objects are only compared.
 * Undefined: the object's kind has rules of its own, which change what they leave.
 */
export function sanitisedText(object: KubeObject): string | undefined {
  if (rulesFor(groupKind(object)).length > 0) return undefined;
  return canonicalMap(object as Draft, (value, key) => {
    if (fieldsOut.has(key)) return undefined;
    return key === 'metadata' ? canonicalMap(value as Json, metadataText) : canonical(value);
  });
}

function metadataText(value: unknown, key: string): string | undefined {
  if (metadataOut.has(key)) return undefined;
  const out = isJson(value) ? own(mapsOut, key) : undefined;
  if (!out) return canonical(value);
  const left = canonicalMap(value as Json, (inner, name) => (out.has(name) ? undefined : canonical(inner)));
  return left === '{}' && Object.keys(value as Json).length > 0 ? undefined : left;
}

/** An object without who wrote what in it, which is the larger part of many, and is looked at in few kinds only. */
export function slim(object: KubeObject): KubeObject {
  if (!object.metadata.managedFields || readsManagedFields(object)) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Whether who wrote what in an object decides what is taken out of it. */
const readsManagedFields = (object: KubeObject): boolean =>
  object.kind === 'Service' || kindsWithBundles.includes(groupKind(object));

/** Removes the references whose names a controller made up from the ServiceAccount's. */
function dropMade(draft: Draft, field: string, made: RegExp): void {
  const kept = items(draft, field).filter(({ name }) => !made.test(String(name)));
  if (kept.length > 0) put(draft, [field], kept);
  else drop(draft, field);
}
