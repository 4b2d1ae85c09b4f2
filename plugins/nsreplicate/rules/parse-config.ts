/** Config files: our own format, and KRMSyncer resources, told apart by their `kind`. */
import type { Operation } from 'rfc6902';
import { nearest } from '../../../src/closest.ts';
import { own } from '../../../src/json.ts';
import { parseYaml, type YamlField } from '../../../src/yaml-field.ts';
import { carryFields, parseCarryPath, parseSetPath } from './fields.ts';
import { compileGlob, isGlob } from './glob.ts';
import { krmSyncerConfig } from './krmsyncer.ts';
import { clusterName } from './replica-names.ts';
import {
  type Carry,
  defaultRules,
  type NamespaceScope,
  type Override,
  type Rule,
  type TaskConfig,
} from './rule.ts';
import { parseSelector } from './selector.ts';
import { globs, isNamespaceName, nameOrGlob, parseNamespace } from './values.ts';

const topKeys = [
  'name',
  'primary',
  'replicas',
  'namespaces',
  'excludeNamespaces',
  'namespaceSelector',
  'allowSensitiveNamespaces',
  'map',
  'rules',
  'overrides',
  'suspend',
  'standby',
] as const;

/** What only flags say, by how a file would call it. */
const flagKeys: Readonly<Record<string, string>> = {
  adopt: '--adopt',
  drift: '--drift',
  exact: '--exact',
  failBack: '--fail-back',
  forceConflicts: '--force-conflicts',
  onImmutable: '--on-immutable',
  prune: '--prune',
  pruneClaims: '--prune-claims',
  pruneCrds: '--prune-crds',
  pruneLimit: '--prune-limit',
  pruneNamespaces: '--prune-namespaces',
  prunePercent: '--prune-percent',
  stateContext: '--state-context',
  replicaDir: '--replica-dir',
  workerCount: '--worker-count',
  listen: '--listen',
  once: '--once',
};

/** @throws {UsageError} a key is the name of a flag */
function checkFlagKeys(document: YamlField): void {
  for (const [key, field] of document.entries()) {
    const flag = own(flagKeys, key) ?? Object.values(flagKeys).find((one) => one === `--${key}`);
    if (flag !== undefined)
      throw field.problem('is said by a flag, and not in a config file', `On the command line: ${flag}`);
  }
}

/**
 * Reads a config file.
 * @param file its name, for messages
 * @param given names of replicas that the command line gives
 * @throws {UsageError} with line, column and key
 */
export function parseConfig(text: string, file: string, given: readonly string[] = []): TaskConfig {
  const document = parseYaml(text, file);
  const kind = document.entries().find(([key]) => key === 'kind');
  if (kind?.[1].string() === 'KRMSyncer') return krmSyncerConfig(document);
  if (kind)
    throw kind[1].problem(
      `${JSON.stringify(kind[1].string())} is no kind of config file`,
      'Files of kind KRMSyncer are taken, and files of our own, which have no kind.',
    );
  checkFlagKeys(document);
  const fields = document.map(topKeys);
  const rules = parseRules(fields.rules);
  const replicas = fields.replicas?.strings() ?? [];
  const known = { rules, replicas: [...replicas.map(clusterName), ...given] };
  return {
    name: fields.name?.string(),
    primary: fields.primary?.string(),
    replicas,
    namespaces: scopeOf(fields),
    map: parseMap(fields.map),
    mapPlaces: placesOf(fields.map),
    rules,
    overrides: fields.overrides?.list().map((field) => parseOverride(field, known)) ?? [],
    suspend: fields.suspend?.boolean() ?? false,
    standby: parseStandby(fields.standby, known.replicas),
  };
}

function scopeOf(fields: Partial<Record<(typeof topKeys)[number], YamlField>>): NamespaceScope {
  const include = globs(fields.namespaces);
  if (fields.namespaces && include.length === 0)
    throw fields.namespaces.problem(
      'there is no namespace, so nothing would be copied',
      'Leave it out to copy all of them.',
    );
  return {
    include,
    exclude: globs(fields.excludeNamespaces),
    selector: fields.namespaceSelector?.read(parseSelector) ?? [],
    sensitive: fields.allowSensitiveNamespaces?.boolean() ?? false,
  };
}

/** Without rules the default kinds are copied; a list of none would mean nothing at all, and is a mistake. */
function parseRules(field: YamlField | undefined): Rule[] {
  const rules = field?.list().map(parseRule) ?? [];
  if (field && rules.length === 0)
    throw field.problem(
      'there is no rule, so nothing would be copied',
      'Leave it out to copy the default kinds.',
    );
  return rules;
}

/** `true` means all replicas, a list some of them. */
function parseStandby(field: YamlField | undefined, known: readonly string[]): string[] {
  if (!field) return [];
  if (field.isBoolean()) return field.boolean() ? ['*'] : [];
  if (!field.isList())
    throw field.problem(
      'must be true, false or a list of replicas',
      'A list names some of them, also by globs: [standby, "edge-*"].',
    );
  checkReplicas(field, known);
  return globs(field);
}

function parseMap(field: YamlField | undefined): Record<string, string> {
  const entries = field?.entries() ?? [];
  return Object.fromEntries(
    entries.map(([from, to]) => {
      if (!isNamespaceName(from))
        throw to.problem(`${JSON.stringify(from)} can't be the name of a namespace`);
      return [from, parseNamespace(to)];
    }),
  );
}

const placesOf = (field: YamlField | undefined): Record<string, string> =>
  Object.fromEntries((field?.entries() ?? []).map(([from, to]) => [from, `${to.place}: ${to.path}`]));

function parseRule(field: YamlField): Rule {
  const keys = field.map(['group', 'version', 'kind', 'namespaces', 'selector', 'carry', 'status']);
  if (!keys.kind) throw field.problem('has no kind');
  const group = keys.group ? nameOrGlob(keys.group, 'may be empty') : '';
  return {
    group,
    version: keys.version ? nameOrGlob(keys.version) : '*',
    kind: nameOrGlob(keys.kind),
    namespaces: globs(keys.namespaces),
    selector: keys.selector?.read(parseSelector) ?? [],
    carry: parseCarry(keys.carry, group, keys.status?.boolean() ?? false),
  };
}

function parseCarry(field: YamlField | undefined, group: string, status: boolean): Carry {
  if (!field) return { what: 'whole', status };
  if (field.isList()) {
    const fields = field.list().map((item) => parseCarryPath(item.string(), item, group));
    if (fields.length === 0) throw field.problem('there is no field, so nothing would be carried');
    return carryFields(fields, status);
  }
  const what = field.string();
  if (what === 'whole') return { what: 'whole', status };
  if (what === 'status') return { what: 'status' };
  throw field.problem(
    `must be "whole", "status" or a list of fields`,
    'A list names fields: [spec.replicas, data.color].',
  );
}

const operations = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

/** An override that changes nothing is a mistake: a workload that it was to hold at 0 would run. */
function checkKinds(field: YamlField | undefined, rules: readonly Rule[]): void {
  const covered = (rules.length > 0 ? rules : defaultRules).map(({ kind }) => kind);
  for (const item of field?.list() ?? []) {
    const kind = item.string();
    if (isGlob(kind) || covered.some((one) => compileGlob(one)(kind))) continue;
    const meant = nearest(kind, covered);
    throw item.problem(
      `no rule covers a kind ${JSON.stringify(kind)}, so this would change nothing`,
      meant === undefined ? 'Kinds are written as in manifests: Deployment.' : `Did you mean "${meant}"?`,
    );
  }
}

/** A file may be used for one of its replicas at a time: what it names itself is known too. */
function checkReplicas(field: YamlField | undefined, known: readonly string[]): void {
  if (known.length === 0) return;
  for (const item of field?.list() ?? []) {
    const name = item.string();
    if (isGlob(name) || known.includes(name)) continue;
    const meant = nearest(name, known);
    throw item.problem(
      `no replica is called ${JSON.stringify(name)}, so this would change nothing`,
      meant === undefined
        ? `Known are ${known.join(', ')}. If it is for another run, name it in "replicas" of the file too.`
        : `Did you mean "${meant}"?`,
    );
  }
}

/** What an override may name. */
interface KnownNames {
  readonly rules: readonly Rule[];
  /** Names of replicas; none where nobody named any yet. */
  readonly replicas: readonly string[];
}

function parseOverride(field: YamlField, known: KnownNames): Override {
  const keys = field.map(['replicas', 'group', 'kinds', 'namespaces', 'names', 'selector', 'set', 'patch']);
  const patch = [
    ...(keys.set ? setOperations(keys.set) : []),
    ...(keys.patch?.list() ?? []).map(parseOperation),
  ];
  if (patch.length === 0) throw field.problem('changes nothing: it has neither "set" nor "patch"');
  checkKinds(keys.kinds, known.rules);
  checkReplicas(keys.replicas, known.replicas);
  return {
    place: `${field.place}: ${field.path}`,
    replicas: globs(keys.replicas),
    group: keys.group ? nameOrGlob(keys.group, 'may be empty') : '*',
    kinds: globs(keys.kinds),
    namespaces: globs(keys.namespaces),
    names: globs(keys.names),
    selector: keys.selector?.read(parseSelector) ?? [],
    patch,
  };
}

/** `set: {spec.replicas: 0}` is short for operations that add, which also replace. */
function setOperations(field: YamlField): Operation[] {
  return field.entries().map(([path, value]) => {
    const parts = parseSetPath(path, value).map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
    return { op: 'add', path: `/${parts.join('/')}`, value: value.json() };
  });
}

function parseOperation(field: YamlField): Operation {
  const { op, path, value, from } = field.map(['op', 'path', 'value', 'from']);
  if (!op || !operations.includes(op.string()))
    throw field.problem(`"op" must be one of ${operations.join(', ')}`);
  if (!path?.string().startsWith('/')) throw (path ?? field).problem('"path" must begin with "/"');
  if (['add', 'replace', 'test'].includes(op.string()) && !value) throw field.problem('has no "value"');
  if (['move', 'copy'].includes(op.string()) && !from?.string().startsWith('/'))
    throw field.problem('has no "from" that begins with "/"');
  return field.json() as Operation;
}
