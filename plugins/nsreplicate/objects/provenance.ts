/** What a copy says about where it came from, so that nobody has to remember it. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { PREFIX } from '../../../src/tasks/names.ts';
import { at, type Draft, drop, groupKind, put } from './draft.ts';
import { SharedTexts } from './shared-texts.ts';

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
export interface Provenance {
  readonly origin: Origin;
  /** Digest of what was applied. */
  readonly applied: string;
  /** How often the task's record had been written when the copy was: a record that counts less was restored. */
  readonly sequence: number;
  /** The task's epoch when the copy was written; 0 or absent before the first promotion. */
  readonly epoch?: number;
}

/**
 * Keys of what a copy bears. The label is for people and selectors; the annotation decides. One, since each of them
 * costs a server that applies it some percent of its time.
 */
export const ProvenanceKey = {
  task: `${PREFIX}replica-of`,
  origin: `${PREFIX}origin`,
} as const;

/** Marks a draft as a copy. */
export function writeProvenance(draft: Draft, made: Provenance): void {
  put(draft, ['metadata', 'labels', ProvenanceKey.task], made.origin.task);
  put(draft, ['metadata', 'annotations', ProvenanceKey.origin], formatProvenance(made, bearerOf(draft)));
}

/** Whether an object bears just the provenance of a draft: so it need not be read. */
export const bearsProvenanceOf = ({ metadata: { labels, annotations } }: KubeObject, draft: Draft): boolean =>
  annotations?.[ProvenanceKey.origin] === draft.metadata.annotations?.[ProvenanceKey.origin] &&
  labels?.[ProvenanceKey.task] === draft.metadata.labels?.[ProvenanceKey.task];

/** Takes the provenance off a draft. */
export function withoutProvenance(draft: Draft): void {
  drop(draft, 'metadata', 'labels', ProvenanceKey.task);
  drop(draft, 'metadata', 'annotations', ProvenanceKey.origin);
}

/** Provenance that an object bears, and whether it is this object's own. */
export interface BorneProvenance {
  readonly provenance: Provenance;
  /**
   * Whether the provenance names the object that bears it. People copy objects with all that is on them, and so do
   * controllers: what bears the provenance of another object was made by somebody else. Undefined: it was written by an
   * earlier version, whose provenance named no object.
   */
  readonly own: boolean | undefined;
}

/** The provenance on an object, whosever it is; undefined where it has none, or one that can't be read. */
export function borneProvenanceOf(object: KubeObject): BorneProvenance | undefined {
  const { labels, annotations } = object.metadata;
  const found = parseProvenance(annotations?.[ProvenanceKey.origin]);
  if (!found || labels?.[ProvenanceKey.task] !== found.provenance.origin.task) return undefined;
  const own = found.bearer === undefined ? undefined : found.bearer === bearerOf(object);
  return { provenance: found.provenance, own };
}

/** The provenance that an object bears of itself; undefined where it is nobody's copy, or bears another object's provenance. */
export function provenanceOf(object: KubeObject): Provenance | undefined {
  const mark = borneProvenanceOf(object);
  return mark?.own === false ? undefined : mark?.provenance;
}

/**
 * Whether an object bears a task's own mark. The label alone tells nothing: controllers hand labels on, as that of
 * EndpointSlices does with those of a Service.
 */
export const isCopyOf = (object: KubeObject, task: string): boolean =>
  provenanceOf(object)?.origin.task === task;

/** Whether a manager itself wrote the provenance of an object, as far as the API server knows. */
export const wroteProvenance = ({ metadata: { managedFields = [] } }: KubeObject, manager: string): boolean =>
  managedFields.some(
    (entry) => at(entry, 'manager') === manager && at(entry, 'fieldsV1', ...provenanceField) !== undefined,
  );

const provenanceField = ['f:metadata', 'f:annotations', `f:${ProvenanceKey.origin}`];

/** An object's kind and place in one word: `Role.rbac.authorization.k8s.io/shop/reader`. Names of roles may have spaces. */
function bearerOf(object: KubeObject | Draft): string {
  const { namespace = '', name } = object.metadata;
  const bearer = `${groupKind(object)}/${namespace}/${name}`;
  return /[\s"\\]/.test(bearer) ? bearer.replaceAll(/[\s"\\]/g, encodeURIComponent) : bearer;
}

/**
 * `of=… cluster=… task=… namespace=… uid=… applied=… sequence=…`: values have no spaces. Without quotes: those would have
 * to be escaped in what is applied, which servers read slowly.
 */
function formatProvenance(
  { origin: { cluster, task, namespace, uid, via }, applied, sequence, epoch = 0 }: Provenance,
  bearer: string,
): string {
  const place = namespace === undefined ? '' : ` namespace=${namespace}`;
  const way = via.length > 0 ? ` via=${via.join()}` : '';
  return `of=${bearer} cluster=${cluster} task=${task}${place} uid=${uid}${way} applied=${applied} sequence=${sequence}${epoch > 0 ? ` epoch=${epoch}` : ''}`;
}

/** Whether two origins are the same. */
export const sameOrigin = (a: Origin, b: Origin): boolean =>
  a.uid === b.uid &&
  a.cluster === b.cluster &&
  a.task === b.task &&
  a.namespace === b.namespace &&
  a.via.join() === b.via.join();

/** Tens of thousands of copies name the same few clusters and namespaces: one text each is enough. */
const texts = new SharedTexts(10_000);

function parseProvenance(
  text: string | undefined,
): { provenance: Provenance; bearer: string | undefined } | undefined {
  if (text === undefined) return undefined;
  const field = (name: string) => fieldIn(text, `${name}=`);
  const [cluster, task, uid] = [field('cluster'), field('task'), field('uid')];
  if (!cluster || !task || !uid) return undefined;
  const namespace = field('namespace');
  const place = namespace === undefined ? {} : { namespace: texts.of(namespace) };
  const via = field('via')?.split(',') ?? [];
  const origin = { cluster: texts.of(cluster), task: texts.of(task), uid, via, ...place };
  const sequence = Number(field('sequence') ?? field('marker') ?? 0);
  const applied = field('applied') ?? '';
  const provenance = { origin, applied, sequence: Number.isSafeInteger(sequence) ? sequence : 0 };
  return { provenance, bearer: field('of') };
}

/** What stands behind `name=`, of which one begins the text and the others come after a space. */
function fieldIn(text: string, name: string): string | undefined {
  const before = text.startsWith(name) ? 0 : text.indexOf(` ${name}`) + 1;
  if (before === 0 && !text.startsWith(name)) return undefined;
  const from = before + name.length;
  const end = text.indexOf(' ', from);
  return end === -1 ? text.slice(from) : text.slice(from, end);
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
