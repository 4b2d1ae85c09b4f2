/** What a copy says about where it came from, so that nobody has to remember it. */
import type { KubeObject } from '../../../src/kube/objects.ts';
import { PREFIX } from '../../../src/tasks/names.ts';
import { at, type Draft, drop, groupKind, put } from './draft.ts';

/** Where a copy came from. Its last step is what may be pruned; the steps before it are what may not loop. */
export interface Origin {
  /** UID of the primary's kube-system namespace. */
  readonly cluster: string;
  readonly task: string;
  /** Namespace on the primary; absent for cluster-scoped objects. */
  readonly namespace?: string | undefined;
  /** The primary object's uid. */
  readonly uid: string;
  /** Clusters that it had come through before, the first one first. */
  readonly via: readonly string[];
}

/** What a copy bears. */
export interface Stamp {
  readonly origin: Origin;
  /** Digest of what was applied. */
  readonly applied: string;
  /** How often the task's record had been written when the copy was: a record that counts less was restored. */
  readonly marker: number;
}

/**
 * Keys of what a copy bears. The label is for people and selectors; the annotation decides. One, since each of them
 * costs a server that applies it some percent of its time.
 */
export const StampKey = {
  task: `${PREFIX}replica-of`,
  origin: `${PREFIX}origin`,
} as const;

/** Marks a draft as a copy. */
export function stamp(draft: Draft, made: Stamp): void {
  put(draft, ['metadata', 'labels', StampKey.task], made.origin.task);
  put(draft, ['metadata', 'annotations', StampKey.origin], formatStamp(made, bearerOf(draft)));
}

/** Whether an object bears just the stamp of a draft: so it need not be read. */
export const bearsStampOf = ({ metadata: { labels, annotations } }: KubeObject, draft: Draft): boolean =>
  annotations?.[StampKey.origin] === draft.metadata.annotations?.[StampKey.origin] &&
  labels?.[StampKey.task] === draft.metadata.labels?.[StampKey.task];

/** Takes all stamps off a draft. */
export function withoutStamps(draft: Draft): void {
  drop(draft, 'metadata', 'labels', StampKey.task);
  drop(draft, 'metadata', 'annotations', StampKey.origin);
}

/** A stamp that an object bears, and whether it is this object's own. */
export interface Mark {
  readonly stamp: Stamp;
  /**
   * Whether the stamp names the object that bears it. People copy objects with all that is on them, and so do
   * controllers: what bears the stamp of another object was made by somebody else. Undefined: it was written by an
   * earlier version, whose stamps named no object.
   */
  readonly own: boolean | undefined;
}

/** The stamp on an object, whosever it is; undefined where it has none, or one that can't be read. */
export function markOf(object: KubeObject): Mark | undefined {
  const { labels, annotations } = object.metadata;
  const found = parseStamp(annotations?.[StampKey.origin]);
  if (!found || labels?.[StampKey.task] !== found.stamp.origin.task) return undefined;
  const own = found.bearer === undefined ? undefined : found.bearer === bearerOf(object);
  return { stamp: found.stamp, own };
}

/** The stamp that an object bears of itself; undefined where it is nobody's copy, or bears another object's stamp. */
export function stampOf(object: KubeObject): Stamp | undefined {
  const mark = markOf(object);
  return mark?.own === false ? undefined : mark?.stamp;
}

/** Whether a manager itself wrote the stamp of an object, as far as the API server knows. */
export const wroteStamp = ({ metadata: { managedFields = [] } }: KubeObject, manager: string): boolean =>
  managedFields.some(
    (entry) => at(entry, 'manager') === manager && at(entry, 'fieldsV1', ...stampField) !== undefined,
  );

const stampField = ['f:metadata', 'f:annotations', `f:${StampKey.origin}`];

/** An object's kind and place in one word: `Role.rbac.authorization.k8s.io/shop/reader`. Names of roles may have spaces. */
function bearerOf(object: KubeObject | Draft): string {
  const { namespace = '', name } = object.metadata;
  return `${groupKind(object)}/${namespace}/${name}`.replaceAll(/[\s"\\]/g, encodeURIComponent);
}

/**
 * `of=… cluster=… task=… namespace=… uid=… applied=… marker=…`: values have no spaces. Without quotes: those would have
 * to be escaped in what is applied, which servers read slowly.
 */
function formatStamp(
  { origin: { cluster, task, namespace, uid, via }, applied, marker }: Stamp,
  bearer: string,
): string {
  const place = namespace === undefined ? '' : ` namespace=${namespace}`;
  const way = via.length > 0 ? ` via=${via.join()}` : '';
  return `of=${bearer} cluster=${cluster} task=${task}${place} uid=${uid}${way} applied=${applied} marker=${marker}`;
}

/** Whether two origins are the same. */
export const sameOrigin = (a: Origin, b: Origin): boolean =>
  a.uid === b.uid &&
  a.cluster === b.cluster &&
  a.task === b.task &&
  a.namespace === b.namespace &&
  a.via.join() === b.via.join();

const known = new Map<string, string>();

/** Tens of thousands of stamps name the same few clusters and namespaces: one text each is enough. */
function shared(text: string): string {
  const found = known.get(text);
  if (found === undefined) known.set(text, text);
  return found ?? text;
}

function parseStamp(text: string | undefined): { stamp: Stamp; bearer: string | undefined } | undefined {
  if (text === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const field of text.split(' ')) {
    const end = field.indexOf('=');
    fields.set(field.slice(0, end), field.slice(end + 1));
  }
  const [cluster, task, uid] = ['cluster', 'task', 'uid'].map((name) => fields.get(name));
  if (!cluster || !task || !uid) return undefined;
  const namespace = fields.get('namespace');
  const place = namespace === undefined ? {} : { namespace: shared(namespace) };
  const via = fields.get('via')?.split(',') ?? [];
  const origin = { cluster: shared(cluster), task: shared(task), uid, via, ...place };
  const marker = Number(fields.get('marker') ?? 0);
  const applied = fields.get('applied') ?? '';
  const stamp = { origin, applied, marker: Number.isSafeInteger(marker) ? marker : 0 };
  return { stamp, bearer: fields.get('of') };
}

/**
 * The origin of a copy of an object: its own way here, and this cluster. The way is cut where it passes the
 * cluster that it goes to, so that failing back and forth does not make it longer.
 */
export function nextOrigin(
  from: { cluster: string; task: string; namespace: string | undefined; uid: string; replica: string },
  inherited: Origin | undefined,
): Origin {
  const way = inherited ? [...inherited.via, inherited.cluster] : [];
  const seen = Math.max(way.lastIndexOf(from.replica), way.lastIndexOf(from.cluster));
  const { cluster, task, namespace, uid } = from;
  return { cluster, task, uid, via: way.slice(seen + 1), ...(namespace === undefined ? {} : { namespace }) };
}
