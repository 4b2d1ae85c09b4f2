/** What a copy says about where it came from, so that nobody has to remember it. */
import type { KubeObject } from '../../../src/kube/objects.ts';
import { PREFIX } from '../../../src/tasks/names.ts';
import { type Draft, drop, put } from './draft.ts';

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

type Bearer = { labels?: Record<string, string>; annotations?: Record<string, string> };

/** Marks a draft as a copy. */
export function stamp(draft: Draft, made: Stamp): void {
  put(draft, ['metadata', 'labels', StampKey.task], made.origin.task);
  put(draft, ['metadata', 'annotations', StampKey.origin], formatStamp(made));
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

/** The stamp that an object bears; undefined where it is nobody's copy, or its stamp can't be read. */
export function stampOf({ labels, annotations }: Bearer): Stamp | undefined {
  const found = parseStamp(annotations?.[StampKey.origin]);
  return found && labels?.[StampKey.task] === found.origin.task ? found : undefined;
}

/**
 * `cluster=… task=… namespace=… uid=… applied=… marker=…`: values have no spaces. Without quotes: those would have to be
 * escaped in what is applied, which servers read slowly.
 */
function formatStamp({ origin: { cluster, task, namespace, uid, via }, applied, marker }: Stamp): string {
  const place = namespace === undefined ? '' : ` namespace=${namespace}`;
  const way = via.length > 0 ? ` via=${via.join()}` : '';
  return `cluster=${cluster} task=${task}${place} uid=${uid}${way} applied=${applied} marker=${marker}`;
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

function parseStamp(text: string | undefined): Stamp | undefined {
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
  return { origin, applied, marker: Number.isSafeInteger(marker) ? marker : 0 };
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
