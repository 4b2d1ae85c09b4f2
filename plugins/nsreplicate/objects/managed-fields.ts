/**
 * Who wrote which field of an object, as its API server keeps it: managedFields, in the format FieldsV1 of
 * structured-merge-diff. A path is a list of its keys: `f:spec`, `k:{"name":"web"}` (an item of a list, by its keys),
 * `v:"a"` (an item of a set).
 */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { cloneJson, isJson, type Json, put } from './draft.ts';

/** A field by the keys of FieldsV1. */
export type OwnedPath = readonly string[];

/** What one manager wrote, in one way. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly fields: Json;
}

const SELF = '.';

/** The entries of an object, those that can't be read left out. */
export function managedFieldsOf({ metadata: { managedFields = [] } }: KubeObject): ManagedFields[] {
  return managedFields.filter(isJson).map((entry) => ({
    manager: String(entry.manager ?? ''),
    operation: String(entry.operation ?? ''),
    apiVersion: String(entry.apiVersion ?? ''),
    subresource: String(entry.subresource ?? ''),
    fields: isJson(entry.fieldsV1) ? entry.fieldsV1 : {},
  }));
}

/** All fields of a set; a map or an item of a list that is in it itself comes before what is in it. */
export function* pathsOf(fields: Json, path: OwnedPath = []): Generator<OwnedPath> {
  for (const [key, inner] of Object.entries(fields)) {
    if (key === SELF) continue;
    const here = [...path, key];
    if (!isJson(inner) || Object.keys(inner).length === 0 || SELF in inner) yield here;
    if (isJson(inner)) yield* pathsOf(inner, here);
  }
}

/** Whether a field is in a set. */
export function hasPath(fields: Json, [key, ...rest]: OwnedPath): boolean {
  if (key === undefined) return Object.keys(fields).length === 0 || SELF in fields;
  const inner = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return isJson(inner) && hasPath(inner, rest);
}

/** What an object has at a path; undefined where it has nothing there. */
export function valueAt(value: unknown, [key, ...rest]: OwnedPath): unknown {
  if (key === undefined) return value;
  if (key.startsWith('f:')) {
    const name = key.slice(2);
    return isJson(value) && Object.hasOwn(value, name) ? valueAt(value[name], rest) : undefined;
  }
  const index = indexOf(value, key);
  return index === -1 ? undefined : valueAt((value as unknown[])[index], rest);
}

/** The place of an item in a list, by its keys, its value or its index; -1: it is not there. */
function indexOf(list: unknown, key: string): number {
  if (!Array.isArray(list)) return -1;
  const text = key.slice(2);
  if (key.startsWith('i:')) return Number(text) < list.length ? Number(text) : -1;
  const sought: unknown = JSON.parse(text);
  if (key.startsWith('v:')) return list.findIndex((item) => JSON.stringify(item) === JSON.stringify(sought));
  // A key that an item lacks has its default, which only the server knows.
  return list.findIndex(
    (item) =>
      isJson(item) &&
      isJson(sought) &&
      Object.entries(sought).every(([name, wanted]) => item[name] === undefined || item[name] === wanted),
  );
}

/** A copy of an object without some fields, and without the maps and lists that become empty by that. */
export function without<T extends KubeObject>(object: T, paths: Iterable<OwnedPath>): T {
  const copy = cloneJson(object);
  // What is in an item goes before the item.
  for (const path of [...paths].sort((a, b) => b.length - a.length)) remove(copy, path);
  return copy;
}

function remove(value: unknown, [key, ...rest]: OwnedPath): void {
  if (key === undefined) return;
  if (key.startsWith('f:')) {
    const name = key.slice(2);
    if (!isJson(value) || !Object.hasOwn(value, name)) return;
    remove(value[name], rest);
    if (rest.length === 0 || isEmpty(value[name])) delete value[name];
    return;
  }
  const index = indexOf(value, key);
  if (index === -1) return;
  const list = value as unknown[];
  remove(list[index], rest);
  if (rest.length === 0 || isEmpty(list[index])) list.splice(index, 1);
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isJson(value) && Object.keys(value).length === 0;

/** A path as people write it: `spec.containers[name=web].image`. */
export const readable = (path: OwnedPath): string =>
  path
    .map((key) => {
      const text = key.slice(2);
      if (key.startsWith('f:')) return /[.\s]/.test(text) ? `["${text}"]` : `.${text}`;
      if (!key.startsWith('k:')) return `[${text}]`;
      const keys = Object.entries(JSON.parse(text) as Json);
      return `[${keys.map(([name, value]) => `${name}=${value}`).join(',')}]`;
    })
    .join('')
    .replace(/^\./, '');

/** Who applies, in which version. */
export interface Applier {
  readonly manager: string;
  readonly apiVersion: string;
}

/**
 * managedFields in which some fields belong to a manager that applies, and to none of the managers that `from` means:
 * then its next apply removes what it does not name. kubectl moves from client-side to server-side apply in this way.
 * @param now RFC 3339
 */
export function takenOver(
  object: KubeObject,
  paths: readonly OwnedPath[],
  { manager, apiVersion }: Applier,
  now: string,
): unknown[] {
  const ours = (entry: Json) =>
    entry.manager === manager && entry.operation === 'Apply' && !entry.subresource;
  const entries = (object.metadata.managedFields ?? []).filter(isJson).map(cloneJson);
  const own = entries.find(ours) ?? {
    manager,
    operation: 'Apply',
    apiVersion,
    time: now,
    fieldsType: 'FieldsV1',
    fieldsV1: {},
  };
  const fields = isJson(own.fieldsV1) ? own.fieldsV1 : {};
  for (const path of paths) if (!hasPath(fields, path)) add(fields, path);
  const others = entries.filter((entry) => !ours(entry));
  for (const { fieldsV1 } of others) if (isJson(fieldsV1)) for (const path of paths) takeOut(fieldsV1, path);
  return [{ ...own, fieldsV1: fields }, ...others.filter(({ fieldsV1 }) => !isEmpty(fieldsV1))];
}

/** The same the other way: fields that a manager applies belong to another one, which wrote them. */
export function handedOver(
  object: KubeObject,
  path: OwnedPath,
  from: string,
  { manager, apiVersion }: Applier,
  now: string,
): unknown[] {
  const entries = (object.metadata.managedFields ?? []).filter(isJson).map(cloneJson);
  for (const entry of entries)
    if (entry.manager === from && isJson(entry.fieldsV1)) takeOut(entry.fieldsV1, path);
  const fieldsV1: Json = {};
  add(fieldsV1, path);
  const taker = { manager, operation: 'Update', apiVersion, time: now, fieldsType: 'FieldsV1', fieldsV1 };
  return [...entries.filter(({ fieldsV1: fields }) => !isEmpty(fields)), taker];
}

/** A map or list item that is a field itself, besides what is in it, is marked so. */
function add(fields: Json, path: OwnedPath): void {
  const [key = '', ...rest] = path;
  const inner = fields[key];
  if (rest.length > 0) {
    if (!isJson(inner)) put(fields, [key], {});
    else if (Object.keys(inner).length === 0) inner[SELF] = {};
    add(fields[key] as Json, rest);
  } else if (isJson(inner) && Object.keys(inner).length > 0) inner[SELF] = {};
  else put(fields, [key], key.startsWith('k:') ? { [SELF]: {} } : {});
}

function takeOut(fields: Json, [key, ...rest]: OwnedPath): void {
  if (key === undefined || !Object.hasOwn(fields, key)) return;
  const inner = fields[key];
  if (!isJson(inner)) return;
  if (rest.length > 0) takeOut(inner, rest);
  else delete inner[SELF];
  if (Object.keys(inner).length === 0) delete fields[key];
}
