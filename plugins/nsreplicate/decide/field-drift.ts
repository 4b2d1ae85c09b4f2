/**
 * What an apply leaves: how an object differs from what was applied though the server took it, and whose doing that is.
 * One rule for all copies, adopted ones too: everything is made equal but keys of others in labels, annotations and the
 * data of ConfigMaps and Secrets. Pure.
 */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { cloneJson, type Draft, groupKind } from '../objects/draft.ts';
import {
  type ManagedFields,
  managedFieldsOf,
  type OwnedPath,
  pathsOf,
  readable,
  valueAt,
  without,
} from '../objects/managed-fields.ts';
import { withoutProvenance } from '../objects/provenance.ts';
import { type SanitiseContext, sanitise } from '../objects/sanitise.ts';
import { type Difference, differences } from './differences.ts';

/** Fields that an object has beyond what was applied, by who wrote them. */
export interface FieldDrift {
  /** Somebody wrote them by hand, or by a client that does not apply. */
  readonly byHand: readonly OwnedPath[];
  /** Another manager applies them. */
  readonly applied: readonly OwnedPath[];
  /** Keys of others in labels, annotations and data. */
  readonly keys: readonly OwnedPath[];
  /** What differs besides: nobody wrote it but the server itself, or a webhook in our own write. */
  readonly rest: readonly Difference[];
}

export const noFieldDrift: FieldDrift = { byHand: [], applied: [], keys: [], rest: [] };

/**
 * Kubernetes' own controllers, by the names under which they write. What they fill in stays: the volume of a claim, the
 * number of pods that an autoscaler wants.
 */
const controllers = new Set([
  'kube-controller-manager',
  'kube-scheduler',
  'cloud-controller-manager',
  'kubelet',
  'cluster-autoscaler',
]);

/** The certificates of a cluster's own authorities, which its own injector writes into webhooks and conversions. */
const isInjected = (path: OwnedPath): boolean => path.at(-1) === 'f:caBundle';

type Author = 'ours' | 'controller' | 'applier' | 'by-hand';

function authorOf({ manager, operation, subresource }: ManagedFields, ours: string): Author {
  if (manager === ours) return 'ours';
  if (subresource !== '' || controllers.has(manager)) return 'controller';
  return operation === 'Apply' ? 'applier' : 'by-hand';
}

/**
 * @param main what was applied; may bear provenance
 * @param object what the replica has, with its managedFields
 * @param manager who applied it
 */
export function fieldDriftOf(
  main: Draft,
  object: KubeObject,
  manager: string,
  context: SanitiseContext = {},
): FieldDrift {
  const wanted = cloneJson(main);
  withoutProvenance(wanted);
  const live = sanitise(object, context);
  const authors = extrasOf(main, live, managedFieldsOf(object), manager);
  const byAuthor = (author: Author) =>
    [...authors].filter(([, found]) => found === author).map(([key]) => JSON.parse(key) as OwnedPath);
  const others = [...byAuthor('by-hand'), ...byAuthor('applier'), ...byAuthor('controller')];
  const keys = others.filter((path) => isMirrored(path, wanted));
  const isField = (path: OwnedPath) => !isMirrored(path, wanted);
  return {
    byHand: byAuthor('by-hand').filter(isField),
    applied: byAuthor('applier').filter(isField),
    keys,
    rest: differences(wanted, without(live, others)).filter((one) => !isThere(one, wanted, object)),
  };
}

/** Whether a field is lacking only since sanitising took it out again: an override may set what that takes out. */
const isThere = ({ how, path, wanted: value }: Difference, wanted: Draft, object: KubeObject): boolean =>
  how === 'missing' &&
  (isNothing(value) ||
    !differences(wanted, object).some((one) => one.how !== 'extra' && one.path.join('.') === path.join('.')));

/** Servers leave out what is empty: it means the same where it is not there. */
const isNothing = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  value === false ||
  value === 0 ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** Fields that were not applied and are there, by the one of their authors who counts most. */
function extrasOf(
  main: Draft,
  live: Draft,
  entries: readonly ManagedFields[],
  manager: string,
): ReadonlyMap<string, Author> {
  const order: readonly Author[] = ['by-hand', 'applier', 'controller', 'ours'];
  const found = new Map<string, Author>();
  for (const entry of entries) {
    const writer = authorOf(entry, manager);
    for (const path of pathsOf(entry.fields)) {
      const author = isInjected(path) && writer !== 'ours' ? 'controller' : writer;
      if (isMap(path) || valueAt(live, path) === undefined || valueAt(main, path) !== undefined) continue;
      const key = JSON.stringify(path);
      const before = found.get(key);
      if (before === undefined || order.indexOf(author) > order.indexOf(before)) found.set(key, author);
    }
  }
  return found;
}

const maps = new Set([
  'f:metadata',
  'f:metadata f:labels',
  'f:metadata f:annotations',
  'f:data',
  'f:binaryData',
]);

/** A whole map of others' keys is not a key itself. */
const isMap = (path: OwnedPath): boolean => maps.has(path.join(' '));

/**
 * Whether a field is a key in labels, annotations, or the data of a ConfigMap or Secret. One that is wanted in the other
 * map of a ConfigMap's data is not: a server takes it in one of them only.
 */
function isMirrored(path: OwnedPath, wanted: Draft): boolean {
  if (path[0] === 'f:metadata')
    return path.length === 3 && ['f:labels', 'f:annotations'].includes(path[1] ?? '');
  const [map = '', key = ''] = path;
  const isData = path.length === 2 && ['f:data', 'f:binaryData'].includes(map);
  const other = map === 'f:data' ? 'f:binaryData' : 'f:data';
  return (
    isData &&
    ['ConfigMap', 'Secret'].includes(groupKind(wanted)) &&
    valueAt(wanted, [other, key]) === undefined
  );
}

/** What a task takes over of what an apply leaves. */
export interface Takeover {
  /** Fields that somebody wrote by hand. */
  readonly byHand: boolean;
  /** Fields that another manager applies. */
  readonly applied: boolean;
  /** Keys of others. */
  readonly keys: boolean;
}

/** The fields that are to go. */
export const toBeRemoved = ({ byHand, applied, keys }: FieldDrift, takes: Takeover): OwnedPath[] => [
  ...(takes.byHand ? byHand : []),
  ...(takes.applied ? applied : []),
  ...(takes.keys ? keys : []),
];

/** Fields that a server did not take. */
export interface NotTaken {
  /** It left them out, as it would in a new object: nothing that is done there makes the two sides equal. */
  readonly lost: readonly string[];
  /** They are as they were before, and would not be so in a new object. */
  readonly kept: readonly string[];
}

/**
 * What a server did not take.
 * @param made what differs in a new object: defaults, what webhooks do, and what is lost. Undefined where this is a new
 *   one, or where that is not known: then what is not there counts as lost, and of the rest nobody can tell
 */
export function notTakenOf(rest: readonly Difference[], made?: readonly Difference[]): NotTaken {
  const likewise = new Set(made?.map((one) => JSON.stringify(one)));
  const isMade = (one: Difference) => likewise.has(JSON.stringify(one));
  const names = (isOne: (one: Difference) => boolean) => rest.filter(isOne).map(({ path }) => path.join('.'));
  return {
    lost: names((one) => one.how === 'missing' && (!made || isMade(one))),
    kept: made ? names((one) => !isMade(one)) : [],
  };
}

/** Fields of what was sent that are not in what came of it. */
export const droppedFrom = (sent: Draft, made: KubeObject): string[] =>
  differences(sent, made)
    .filter(({ how, wanted }) => how === 'missing' && !isNothing(wanted))
    .map(({ path }) => path.join('.'));

/** The first fields by name, and how many there are besides. */
export function namesOf(paths: readonly OwnedPath[]): string {
  const names = paths.map(readable);
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
