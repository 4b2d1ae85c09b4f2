/** Namespaces under other names on the replicas, and the references that have to follow. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { PREFIX } from '../../../src/tasks/names.ts';
import { cloneJson, type Draft, groupKind, isJson, items, type Json } from './draft.ts';
import { referencesOf } from './references.ts';

/** Namespace on the primary → namespace on the replica; what is not in it keeps its name. */
export type NamespaceMap = ReadonlyMap<string, string>;

export const mapped = (map: NamespaceMap, namespace: string): string => map.get(namespace) ?? namespace;

/** The label by which selectors name a namespace: every namespace bears it, and nothing else does. */
const nameLabel = 'kubernetes.io/metadata.name';

/** Moves a draft into its namespace on the replica and rewrites the references that are known. */
export function mapNamespaces(draft: Draft, map: NamespaceMap): void {
  if (map.size === 0) return;
  const kind = groupKind(draft);
  if (draft.metadata.namespace !== undefined)
    draft.metadata.namespace = mapped(map, draft.metadata.namespace);
  if (kind === 'Namespace') draft.metadata.name = mapped(map, draft.metadata.name);
  const { names = [], accounts = [] } = referencesOf(kind) ?? {};
  for (const path of names) rewrite(draft, path, (name) => mapped(map, name));
  for (const path of accounts) rewrite(draft, path, (name) => mappedAccount(map, name));
  if (kind.endsWith('Role.rbac.authorization.k8s.io')) mapNamedResources(draft, map);
  mapSelectors(draft, map);
}

/** `system:serviceaccount:NAMESPACE:NAME`, a user, and `system:serviceaccounts:NAMESPACE`, a group. */
const account = /^(system:serviceaccounts?:)([^:]+)(.*)$/;

function mappedAccount(map: NamespaceMap, name: string): string {
  const [, prefix = '', namespace = '', rest = ''] = account.exec(name) ?? [];
  return prefix === '' ? name : prefix + mapped(map, namespace) + rest;
}

/** Rights on namespaces themselves, by their names. */
function mapNamedResources(draft: Draft, map: NamespaceMap): void {
  for (const rule of items(draft, 'rules')) {
    const { resources } = rule;
    const isAboutNamespaces =
      Array.isArray(resources) && resources.every((name) => /^namespaces(\/|$)/.test(String(name)));
    if (isAboutNamespaces) rewrite(rule, ['resourceNames', '[]'], (name) => mapped(map, name));
  }
}

/** Label selectors, wherever they are: also in kinds that nothing is known of, this label says what is meant. */
function mapSelectors(value: unknown, map: NamespaceMap): void {
  if (Array.isArray(value)) for (const item of value) mapSelectors(item, map);
  if (!isJson(value)) return;
  rewrite(value, ['matchLabels', nameLabel], (name) => mapped(map, name));
  for (const expression of items(value, 'matchExpressions'))
    if (expression.key === nameLabel) rewrite(expression, ['values', '[]'], (name) => mapped(map, name));
  for (const key of Object.keys(value)) mapSelectors(value[key], map);
}

type Change = (text: string) => string;

function rewrite(value: unknown, [key, ...rest]: readonly string[], change: Change): void {
  if (key === '[]' && Array.isArray(value)) {
    for (const [index, item] of value.entries())
      step(value as unknown as Json, String(index), item, rest, change);
  } else if (key !== undefined && isJson(value) && Object.hasOwn(value, key))
    step(value, key, value[key], rest, change);
}

function step(holder: Json, key: string, value: unknown, rest: readonly string[], change: Change): void {
  if (rest.length > 0) rewrite(value, rest, change);
  else if (typeof value === 'string') holder[key] = change(value);
}

/**
 * Mentions of a mapped namespace that nobody rewrites, since it can't be known what they mean: DNS names such as
 * `db.prod.svc` and names of ServiceAccounts in texts, fields that are called after namespaces in kinds that nothing is
 * known of, `prod/name` in annotations. One finding a namespace and form.
 */
export function unmappedMentions(object: KubeObject, map: NamespaceMap): string[] {
  const moved = [...map].filter(([from, to]) => from !== to).map(([from]) => from);
  if (moved.length === 0) return [];
  const { metadata, ...content } = object;
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !isBookkeeping(key)),
  );
  const text = JSON.stringify([content, annotations]);
  const mentioned = moved.filter((from) => text.includes(from));
  if (mentioned.length === 0) return [];
  // What is rewritten is taken out, and what is left is looked at.
  const rest = cloneJson({ ...content, metadata: { name: '', annotations } }) as Draft;
  mapNamespaces(rest, new Map(mentioned.map((from) => [from, ''])));
  return mentioned.flatMap((from) => mentionsOf(rest, from));
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Annotations in which kubectl and this tool remember where an object is, or where it came from. */
const isBookkeeping = (key: string): boolean => key === lastApplied || key.startsWith(PREFIX);

function mentionsOf({ metadata, ...content }: KubeObject, from: string): string[] {
  const found = new Set<string>();
  const literal = from.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const account = new RegExp(`system:serviceaccounts?:${literal}(?![-a-z0-9])`);
  const setting = new RegExp(`namespaces?["']?\\s*[:=]\\s*["']?${literal}(?![-a-z0-9])`, 'i');
  const look = (value: unknown, path: readonly string[]): void => {
    if (typeof value === 'string') {
      if (!value.includes(from)) return;
      if (value.includes(`.${from}.svc`)) found.add(`names .${from}.svc in a text`);
      if (account.test(value)) found.add(`names ServiceAccounts of ${from} in a text`);
      if (setting.test(value)) found.add(`names namespace ${from} in a text`);
      if (value === from && isAboutNamespaces(path)) found.add(`names ${from} in ${path.join('.')}`);
      if (path[0] === annotationsPath && value.startsWith(`${from}/`))
        found.add(`names ${from}/… in an annotation`);
    } else if (Array.isArray(value)) for (const item of value) look(item, path);
    else if (isJson(value)) {
      const { name } = value;
      // An environment variable or a parameter.
      if (value.value === from && isAboutNamespaces([String(name)])) found.add(`names ${from} as ${name}`);
      for (const key of Object.keys(value)) look(value[key], [...path, key]);
    }
  };
  look(content, []);
  look(metadata.annotations, [annotationsPath]);
  return [...found];
}

const annotationsPath = 'metadata.annotations';
const isAboutNamespaces = (path: readonly string[]): boolean => /namespaces?$/i.test(path.at(-1) ?? '');
