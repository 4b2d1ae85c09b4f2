/**
 * A KRMSyncer resource as a task. The field names of all three generations are taken: `remote` was `destination`, and
 * its documents say `suspended` where its types say `suspend`. What would mean something else here is refused.
 */

import type { YamlField } from '../../../src/yaml-field.ts';
import { carryFields, parseCarryPath } from './fields.ts';
import { isGlob } from './glob.ts';
import type { Carry, Rule, TaskConfig } from './rule.ts';
import { boundedList, boundedText, checkGlobs, syncerBounds } from './syncer-bounds.ts';
import { globs, isNamespaceName, nameOrGlob, parseNamespace } from './values.ts';

const apiVersion = 'syncer.gkelabs.io/v1alpha1';

/** Holds the workloads that the resource copies: `"true"`. */
export const standbyAnnotation = 'x8s.dev/standby';

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

const specKeys = [
  'suspend',
  'suspended',
  'mode',
  'remote',
  'destination',
  'rules',
  'serviceAccountName',
  'adopt',
] as const;

/** What a KRMSyncer resource says. */
export interface KrmSyncer {
  readonly config: TaskConfig;
  /** Which way it copies, seen from the cluster that it is in. */
  readonly mode: 'push' | 'pull';
  /** Name of the Secret with the kubeconfig of the other side, and the namespace that it names beside it. */
  readonly secret: { readonly name: string; readonly namespace: string | undefined } | undefined;
  /** Whose rights are used in the cluster that it is in. */
  readonly serviceAccountName: string | undefined;
  /** Take over objects of the same name that others made. */
  readonly adopt: boolean;
  /** A rule names no namespaces, and means the resource's own one. */
  readonly meansHome: boolean;
}

/** As a config file: credentials (`remote.clusterConfig.kubeConfigSecretRef`) are the controller's part. */
export const krmSyncerConfig = (document: YamlField): TaskConfig => parseKrmSyncer(document).config;

const topKeys = ['apiVersion', 'kind', 'metadata', 'spec', 'status'] as const;

/** `spec.serviceAccountName` alone: whose rights are used decides what the rest means. */
export const serviceAccountOf = (document: YamlField): string | undefined =>
  document.map(topKeys).spec?.map(specKeys).serviceAccountName?.string();

/**
 * Reads a KRMSyncer resource.
 * @param home where given, rules that name no namespaces mean this one only
 * @throws {UsageError} with line, column and key
 */
export function parseKrmSyncer(document: YamlField, home?: string): KrmSyncer {
  const top = document.map(topKeys);
  if (top.apiVersion?.string() !== apiVersion)
    throw (top.apiVersion ?? document).problem(
      `must have apiVersion ${apiVersion}, as KRMSyncer resources have`,
    );
  if (!top.spec) throw document.problem('has no spec');
  const spec = top.spec.map(specKeys);
  if (!spec.rules) throw top.spec.problem('has no rules');
  const { wholeByDefault, namespace, secret } = parseRemote(spec.remote, spec.destination);
  const written = boundedList(spec.rules, syncerBounds.rules).map((rule) => parseRule(rule, wholeByDefault));
  const meansHome = home !== undefined && written.some(isAnywhere);
  const rules = home === undefined ? written : written.map((rule) => within(home, rule));
  if (rules.length === 0) throw spec.rules.problem('there is no rule, so nothing would be copied');
  checkGlobs(spec.rules, rules);
  const pullsAt = placeOfPull(spec.mode, spec.remote);
  const metadata = top.metadata?.map(metadataKeys);
  return {
    config: {
      name: metadata?.name?.string(),
      standby: standbyOf(metadata?.annotations),
      replicas: [],
      // Its rules name every namespace themselves, kube-system included.
      namespaces: { include: [], exclude: [], selector: [], sensitive: true },
      map: namespace ? into(namespace, rules) : {},
      rules,
      overrides: [],
      // Where the two names disagree, nothing is written.
      suspend: [spec.suspend, spec.suspended].some((field) => field?.boolean()),
      pullsAt,
    },
    mode: pullsAt === undefined ? 'push' : 'pull',
    secret,
    serviceAccountName: spec.serviceAccountName?.string(),
    adopt: spec.adopt?.boolean() ?? false,
    meansHome,
  };
}

const isAnywhere = ({ namespaces }: Rule): boolean => namespaces.length === 0;

const within = (home: string, rule: Rule): Rule =>
  isAnywhere(rule) ? { ...rule, namespaces: [home] } : rule;

/** Its types have no field for it. */
function standbyOf(annotations: YamlField | undefined): string[] {
  const found = annotations?.entries().find(([key]) => key === standbyAnnotation)?.[1];
  if (!found) return [];
  const said = found.string();
  if (said !== 'true' && said !== 'false') throw found.problem('must be "true" or "false"');
  return said === 'true' ? ['*'] : [];
}

/** What is not said means, as its types have it, `pull`; before there was a mode, all of them pushed. */
function placeOfPull(mode: YamlField | undefined, remote: YamlField | undefined): string | undefined {
  if (!mode) return remote?.place;
  const said = mode.string();
  if (said !== 'push' && said !== 'pull') throw mode.problem('must be "push" or "pull"');
  return said === 'pull' ? mode.place : undefined;
}

interface Remote {
  /** Of the generations that carried whole objects unless `syncFields` said otherwise. */
  readonly wholeByDefault: boolean;
  /** Where everything goes. */
  readonly namespace?: YamlField | undefined;
  readonly secret?: KrmSyncer['secret'];
}

function parseRemote(remote: YamlField | undefined, destination: YamlField | undefined): Remote {
  if (remote && destination)
    throw destination.problem(
      'there is "remote" too, and one resource has one other side: leave one of them out',
    );
  const found = remote ?? destination;
  if (!found) return { wholeByDefault: false };
  const fields = found.map(['clusterConfig', 'kubeConfigSecretRef', 'namespace', 'gcsBucketConfig']);
  if (fields.gcsBucketConfig) throw fields.gcsBucketConfig.problem('copies into a bucket are not made');
  const cluster = fields.clusterConfig?.map(['kubeConfigSecretRef']);
  if (remote && (fields.kubeConfigSecretRef ?? fields.namespace))
    throw (fields.kubeConfigSecretRef ?? fields.namespace ?? remote).problem(
      'belongs to "destination", which is the older name of "remote"',
    );
  const [secret] = [cluster?.kubeConfigSecretRef, fields.kubeConfigSecretRef].flatMap((reference) => {
    const { name, namespace } = reference?.map(['name', 'namespace']) ?? {};
    return name ? [{ name: name.string(), namespace: namespace?.string() }] : [];
  });
  return { wholeByDefault: destination !== undefined, namespace: fields.namespace, secret };
}

const oneNamespace = 'Let every rule name one and the same namespace, or leave this out.';

/** All objects in one namespace: only where they come from one, or those of the same name would be one. */
function into(field: YamlField, rules: readonly Rule[]): Record<string, string> {
  const sources = [...new Set(rules.flatMap(({ namespaces }) => namespaces))];
  const [source] = sources;
  if (source === undefined || sources.length > 1 || rules.some(isAnywhere))
    throw field.problem(
      'the rules mean more than one namespace, and objects of the same name would overwrite each other',
      oneNamespace,
    );
  // A map is looked up by names: objects under a glob would go to the namespaces that they are in.
  if (isGlob(source))
    throw field.problem(
      `the rules mean namespaces by the glob ${JSON.stringify(source)}, and only one can go to another`,
      oneNamespace,
    );
  if (!isNamespaceName(source))
    throw field.problem(
      `the rules mean ${JSON.stringify(source)}, which can't be the name of a namespace`,
      oneNamespace,
    );
  return { [source]: parseNamespace(field) };
}

function parseRule(field: YamlField, wholeByDefault: boolean): Rule {
  const keys = field.map(['group', 'version', 'kind', 'namespaces', 'syncFields', 'transforms']);
  if (!keys.kind) throw field.problem('has no kind');
  if (keys.transforms)
    throw keys.transforms.problem('objects are copied as they are: transforms are not made');
  for (const name of [keys.group, keys.version, keys.kind, ...namespacesOf(keys.namespaces)])
    if (name) boundedText(name, syncerBounds.nameLength);
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

const namespacesOf = (field: YamlField | undefined): YamlField[] =>
  field ? boundedList(field, syncerBounds.namespaces) : [];

/** Generations that knew no `syncFields` carried whole objects, their status included. */
function carryOf(field: YamlField | undefined, group: string, wholeByDefault: boolean): Carry {
  const paths = field ? boundedList(field, syncerBounds.fields) : [];
  if (paths.length === 0) return wholeByDefault ? { what: 'whole', status: true } : { what: 'status' };
  const text = (path: YamlField) => boundedText(path, syncerBounds.fieldLength);
  return carryFields(paths.map((path) => parseCarryPath(text(path), path, group)));
}
