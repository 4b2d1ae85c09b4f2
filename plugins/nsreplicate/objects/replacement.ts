/** An object as it replaces the one that is there, where server-side apply can't write it. */
import type { Operation } from 'rfc6902';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { at, cloneJson, type Draft, isJson, put } from './draft.ts';
import { type SanitiseContext, sanitise } from './sanitise.ts';

/** Maps in which others may have keys of their own. */
const shared = [['metadata', 'labels'], ['metadata', 'annotations'], ['data'], ['binaryData']];

/**
 * The copy, with what is the replica's own in the object there: what its server and controllers filled in, its owners,
 * its status, and keys of others in labels, annotations and data. Bears the resource version of what was looked at.
 * @param manager who writes it: keys that it wrote before and that are not wanted any more go
 */
export function replacement(
  main: Draft,
  live: KubeObject,
  manager: string,
  context: SanitiseContext = {},
): Draft {
  const body = cloneJson(main);
  const without = sanitise(live, context);
  for (const path of onlyIn(live, without))
    if (at(body, ...path) === undefined) put(body, path, at(live, ...path));
  delete body.metadata.managedFields;
  for (const path of shared) {
    const map = at(live, ...path);
    for (const key of isJson(map) ? Object.keys(map) : []) {
      const isTheirs = at(body, ...path, key) === undefined && !isWrittenBy(live, manager, [...path, key]);
      if (isTheirs) put(body, [...path, key], at(live, ...path, key));
    }
  }
  return body;
}

/**
 * The replacement as a JSON patch, for which the right to patch is enough. Refused by the server (409) where the object
 * is not the one, or not in the version, that was looked at.
 */
export function replacementPatch(body: Draft, live: KubeObject): Operation[] {
  const { uid, resourceVersion } = body.metadata;
  const keys = new Set([...Object.keys(live), ...Object.keys(body)]);
  for (const key of ['apiVersion', 'kind', 'metadata', 'status']) keys.delete(key);
  const paths = [...[...keys].map((key) => [key]), ['metadata', 'labels'], ['metadata', 'annotations']];
  return [
    { op: 'add', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/metadata/resourceVersion', value: resourceVersion },
    ...paths.flatMap((path) => change(path, at(live, ...path), at(body, ...path))),
  ];
}

function change(keys: readonly string[], before: unknown, value: unknown): Operation[] {
  const path = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  if (value !== undefined) return [{ op: 'add', path, value }];
  return before === undefined ? [] : [{ op: 'remove', path }];
}

/** Paths of fields, through maps only, that one object has and the other one has not. */
function onlyIn(one: unknown, other: unknown, path: readonly string[] = []): string[][] {
  if (!isJson(one)) return [];
  return Object.keys(one).flatMap((key) => {
    const [mine, theirs] = [at(one, key), at(other, key)];
    return theirs === undefined ? [[...path, key]] : onlyIn(mine, theirs, [...path, key]);
  });
}

function isWrittenBy(
  { metadata: { managedFields = [] } }: KubeObject,
  manager: string,
  path: string[],
): boolean {
  const field = path.map((key) => `f:${key}`);
  return managedFields.some(
    (entry) => at(entry, 'manager') === manager && at(entry, 'fieldsV1', ...field) !== undefined,
  );
}

/** Who else applies fields of an object, its status aside. */
export function otherAppliers({ metadata: { managedFields = [] } }: KubeObject, manager: string): string[] {
  const names = managedFields
    .filter((entry) => at(entry, 'operation') === 'Apply' && !at(entry, 'subresource'))
    .map((entry) => String(at(entry, 'manager')));
  return [...new Set(names)].filter((name) => name !== manager);
}
