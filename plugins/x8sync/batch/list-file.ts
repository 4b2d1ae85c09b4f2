/** A list of copies, as YAML or JSON: each with its source, its target and options of its own. */
import { parseAllDocuments } from 'yaml';
import { messageOf, UsageError } from '../../../src/errors.ts';

export interface ListedCopy {
  readonly source: string;
  readonly target: string;
  /** What else stands there, by its name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where in the file it is, for messages: `copies.yaml, copy 3`. */
  readonly where: string;
}

/** What the file of a list is called in messages. */
export const listName = (file: string): string => (file === '-' ? 'standard input' : file);

/**
 * A list, or a Kubernetes `List` of the same (`items`), or several documents.
 *
 * @throws UsageError where it is none, or an entry names no source and target.
 */
export function parseList(text: string, file: string): ListedCopy[] {
  const values = parseAllDocuments(text, { merge: true }).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new UsageError(`${file} is no YAML: ${error.message}`);
    return itemsOf(plainValue(document, file));
  });
  if (values.length === 0) throw new UsageError(`${file} lists no copies`);
  return values.map((value, index) => {
    const kind = foreignKind(value);
    if (kind !== undefined) throw foreignObject(kind, `${file}: item ${index + 1}`);
    return listedCopy(value, `${file}, copy ${index + 1}`);
  });
}

/** Aliases are resolved here: one may name nothing, or unfold to more than any list needs. */
function plainValue(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${file} is no YAML: ${messageOf(error)}`);
  }
}

function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  const { items } = value as { items?: unknown };
  return Array.isArray(items) ? items : [value];
}

/** The kind of an object of Kubernetes that is no copy: neither it nor its specification names a source or a target. */
function foreignKind(value: unknown): string | undefined {
  const { kind, spec, ...fields } = (value ?? {}) as Record<string, unknown>;
  if (typeof kind !== 'string') return undefined;
  const places = [fields, (spec ?? {}) as Record<string, unknown>];
  const isCopy = places.some(({ source, target }) => [source, target].some((of) => typeof of === 'string'));
  return isCopy ? undefined : kind;
}

/** Claims are what `kubectl get pvc -o yaml` prints. */
function foreignObject(kind: string, item: string): UsageError {
  const ofNamespace =
    '--all NAMESPACE NAMESPACE copies every claim of a namespace, -l LABELS those with these labels';
  return new UsageError(
    `${item} is a ${kind}, and what is listed are copies, each with a source and a target`,
    { hint: kind === 'PersistentVolumeClaim' ? `${hint}; ${ofNamespace}` : hint },
  );
}

function listedCopy(value: unknown, where: string): ListedCopy {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${where}: this is no copy`, { hint });
  // As an object of Kubernetes it has its fields in a specification.
  const { apiVersion: _, kind: __, metadata: ___, spec, ...fields } = value as Record<string, unknown>;
  const isObject = typeof spec === 'object' && spec !== null;
  const [beside] = Object.keys(fields);
  if (isObject && beside !== undefined)
    throw new UsageError(`${where}: ${JSON.stringify(beside)} stands beside spec, and belongs into it`);
  const all = isObject ? (spec as Record<string, unknown>) : fields;
  const { source, target, ...options } = all;
  if (typeof source !== 'string' || typeof target !== 'string')
    throw new UsageError(`${where}: source and target are missing`, { hint });
  return { source, target, options, where };
}

const hint =
  'each entry has a source and a target, and may have options: {source: a/shop/db, target: b/shop/db, verify: true}';
