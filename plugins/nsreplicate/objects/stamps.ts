/** What a copy says about where it came from, so that nobody has to remember it. */
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

/** Keys of what a copy bears. The label is for people and selectors; the annotations decide. */
export const StampKey = {
  task: `${PREFIX}replica-of`,
  origin: `${PREFIX}origin`,
  applied: `${PREFIX}applied`,
  marker: `${PREFIX}marker`,
} as const;

type Bearer = { labels?: Record<string, string>; annotations?: Record<string, string> };

/** Marks a draft as a copy. */
export function stamp(draft: Draft, { origin, applied }: Omit<Stamp, 'marker'>): void {
  put(draft, ['metadata', 'labels', StampKey.task], origin.task);
  put(draft, ['metadata', 'annotations', StampKey.origin], formatOrigin(origin));
  put(draft, ['metadata', 'annotations', StampKey.applied], applied);
}

/** Says how far the task's record was when a copy was written. */
export const stampMarker = (draft: Draft, marker: number): void =>
  put(draft, ['metadata', 'annotations', StampKey.marker], String(marker));

/** Takes all stamps off a draft. */
export function withoutStamps(draft: Draft): void {
  drop(draft, 'metadata', 'labels', StampKey.task);
  drop(draft, 'metadata', 'annotations', StampKey.origin);
  drop(draft, 'metadata', 'annotations', StampKey.applied);
  drop(draft, 'metadata', 'annotations', StampKey.marker);
}

/** The stamp that an object bears; undefined where it is nobody's copy, or its stamp can't be read. */
export function stampOf({ labels, annotations }: Bearer): Stamp | undefined {
  const origin = parseOrigin(annotations?.[StampKey.origin]);
  if (!origin || labels?.[StampKey.task] !== origin.task) return undefined;
  const marker = Number(annotations?.[StampKey.marker] ?? 0);
  return {
    origin,
    applied: annotations?.[StampKey.applied] ?? '',
    marker: Number.isSafeInteger(marker) ? marker : 0,
  };
}

/** One line of JSON, the same for equal origins. */
export function formatOrigin({ cluster, task, namespace, uid, via }: Origin): string {
  return JSON.stringify({ cluster, task, namespace, uid, ...(via.length > 0 ? { via } : {}) });
}

const known = new Map<string, string>();

/** Tens of thousands of stamps name the same few clusters and namespaces: one text each is enough. */
function shared(text: string): string {
  const found = known.get(text);
  if (found === undefined) known.set(text, text);
  return found ?? text;
}

function parseOrigin(text: string | undefined): Origin | undefined {
  try {
    const { cluster, task, namespace, uid, via = [] } = JSON.parse(text ?? '') as Partial<Origin>;
    if (!cluster || !task || !uid || !Array.isArray(via)) return undefined;
    const place = namespace === undefined ? {} : { namespace: shared(namespace) };
    return { cluster: shared(cluster), task: shared(task), uid, via, ...place };
  } catch {
    return undefined;
  }
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
