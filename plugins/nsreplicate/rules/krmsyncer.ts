/**
 * A KRMSyncer resource as a task. The field names of all three generations are taken: `remote` was `destination`, and
 * its documents say `suspended` where its types say `suspend`. What would mean something else here is refused.
 */
import { carryFields, parseCarryPath } from './fields.ts';
import { type Carry, type Rule, type TaskConfig, wholeObject } from './rule.ts';
import { globs, nameOrGlob, parseNamespace } from './values.ts';
import type { YamlField } from './yaml-field.ts';

const apiVersion = 'syncer.gkelabs.io/v1alpha1';

const metadataKeys = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'generateName',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'ownerReferences',
  'managedFields',
  'selfLink',
] as const;

/** The credentials (`remote.clusterConfig.kubeConfigSecretRef`) are the controller's part, not the engine's. */
export function krmSyncerConfig(document: YamlField): TaskConfig {
  const top = document.map(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  if (top.apiVersion?.string() !== apiVersion)
    throw (top.apiVersion ?? document).problem(
      `must have apiVersion ${apiVersion}, as KRMSyncer resources have`,
    );
  if (!top.spec) throw document.problem('has no spec');
  const spec = top.spec.map(['suspend', 'suspended', 'mode', 'remote', 'destination', 'rules']);
  if (!spec.rules) throw top.spec.problem('has no rules');
  const { isFirst, namespace } = parseRemote(spec.remote, spec.destination);
  const rules = spec.rules.list().map((rule) => parseRule(rule, isFirst));
  if (rules.length === 0) throw spec.rules.problem('there is no rule, so nothing would be copied');
  return {
    name: top.metadata?.map(metadataKeys).name?.string(),
    replicas: [],
    // Its rules name every namespace themselves, kube-system included.
    namespaces: { include: [], exclude: [], selector: [], sensitive: true },
    map: namespace ? into(namespace, rules) : {},
    rules,
    overrides: [],
    // Where the two names disagree, nothing is written.
    suspend: [spec.suspend, spec.suspended].some((field) => field?.boolean()),
    pullsAt: placeOfPull(spec.mode, spec.remote),
  };
}

/** What is not said means, as its types have it, `pull`; before there was a mode, all of them pushed. */
function placeOfPull(mode: YamlField | undefined, remote: YamlField | undefined): string | undefined {
  if (!mode) return remote?.place;
  const said = mode.string();
  if (said !== 'push' && said !== 'pull') throw mode.problem('must be "push" or "pull"');
  return said === 'pull' ? mode.place : undefined;
}

interface Remote {
  /** Of the generation that carried whole objects and knew no `syncFields`. */
  readonly isFirst: boolean;
  /** Where everything goes. */
  readonly namespace?: YamlField | undefined;
}

function parseRemote(remote: YamlField | undefined, destination: YamlField | undefined): Remote {
  if (remote && destination)
    throw destination.problem(
      'there is "remote" too, and one resource has one other side: leave one of them out',
    );
  const found = remote ?? destination;
  if (!found) return { isFirst: false };
  const fields = found.map(['clusterConfig', 'kubeConfigSecretRef', 'namespace', 'gcsBucketConfig']);
  if (fields.gcsBucketConfig) throw fields.gcsBucketConfig.problem('copies into a bucket are not made');
  const cluster = fields.clusterConfig?.map(['kubeConfigSecretRef']);
  for (const reference of [fields.kubeConfigSecretRef, cluster?.kubeConfigSecretRef])
    reference?.map(['name', 'namespace']);
  if (remote && (fields.kubeConfigSecretRef ?? fields.namespace))
    throw (fields.kubeConfigSecretRef ?? fields.namespace ?? remote).problem(
      'belongs to "destination", which is the older name of "remote"',
    );
  return { isFirst: fields.kubeConfigSecretRef !== undefined, namespace: fields.namespace };
}

/** All objects in one namespace: only where they come from one, or those of the same name would be one. */
function into(field: YamlField, rules: readonly Rule[]): Record<string, string> {
  const sources = [...new Set(rules.flatMap(({ namespaces }) => namespaces))];
  const [source] = sources;
  if (source === undefined || sources.length > 1 || rules.some(({ namespaces }) => namespaces.length === 0))
    throw field.problem(
      'the rules mean more than one namespace, and objects of the same name would overwrite each other',
      'Let every rule name one and the same namespace, or leave this out and use --map.',
    );
  return { [source]: parseNamespace(field) };
}

function parseRule(field: YamlField, wholeByDefault: boolean): Rule {
  const keys = field.map(['group', 'version', 'kind', 'namespaces', 'syncFields']);
  if (!keys.kind) throw field.problem('has no kind');
  const group = keys.group ? nameOrGlob(keys.group, 'may be empty') : '';
  return {
    group,
    version: keys.version ? nameOrGlob(keys.version) : '*',
    kind: nameOrGlob(keys.kind),
    namespaces: globs(keys.namespaces),
    selector: [],
    carry: carryOf(keys.syncFields, group, wholeByDefault),
  };
}

function carryOf(field: YamlField | undefined, group: string, wholeByDefault: boolean): Carry {
  const paths = field?.list() ?? [];
  if (paths.length === 0) return wholeByDefault ? wholeObject : { what: 'status' };
  return carryFields(paths.map((path) => parseCarryPath(path.string(), path, group)));
}
