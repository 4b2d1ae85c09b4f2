/** A task's record, and how it lies in a ConfigMap. Pure: reads and writes objects, never the cluster. */
import { messageOf } from '../errors.ts';
import { isJson, parseExactly } from '../json.ts';
import type { ConfigMap, OwnerReference } from '../kube/api/objects.ts';
import { oneLine } from '../plain-text.ts';
import { Annotation, Label, managerOf, recordName } from './names.ts';

/**
 * Where a task stands. `Succeeded` and `Incomplete` are finished: nothing is left to take up. `Failed` and
 * `Interrupted` can be taken up where they stopped.
 */
export type TaskPhase =
  | 'Pending'
  | 'Running'
  | 'Paused'
  | 'Interrupted'
  | 'Failed'
  | 'Incomplete'
  | 'Succeeded';

const phases: readonly string[] = [
  ...(['Pending', 'Running', 'Paused', 'Interrupted', 'Failed', 'Incomplete', 'Succeeded'] as const),
] satisfies TaskPhase[];

/** The phases that a run can end with. */
export type EndPhase = Extract<TaskPhase, 'Interrupted' | 'Failed' | 'Incomplete' | 'Succeeded'>;

/** Where the other side of a task is. Contexts are local names, so it is found again by its server; see peer.ts. */
export interface Peer {
  /** API server's URL. */
  readonly server: string;
  readonly namespace: string;
  /** UID of its cluster's kube-system namespace; absent where that may not be read, and in records of older versions. */
  readonly clusterUid?: string | undefined;
  /** The other ConfigMap's uid, once it is known. */
  readonly uid?: string | undefined;
}

/** What a run changes of its record. */
export interface TaskState {
  phase: TaskPhase;
  /** 1 for the first run, one more each time that a finished task is run again. */
  run: number;
  startedAt: string | undefined;
  finishedAt: string | undefined;
  /** When the record was last written by a run; for people only. */
  heartbeat: string | undefined;
  /** Who runs it, as `formatHolder` writes it; for people only: locks decide. */
  holder: string | undefined;
  /** One line: how far it is. */
  progress: string | undefined;
  /** One line: how it ended, or what it waits for. */
  message: string | undefined;
  /** Where the engine can go on; JSON. */
  checkpoints: Record<string, unknown>;
  peer: Peer | undefined;
}

/** One ConfigMap of a task, as it was read. */
export interface TaskRecord extends Readonly<TaskState> {
  readonly tool: string;
  readonly task: string;
  readonly role: string;
  readonly namespace: string;
  /** The ConfigMap's name. */
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, of the API server's clock. */
  readonly createdAt: string;
  readonly deleting: boolean;
  readonly schema: number;
  readonly specHash: string;
  readonly spec: unknown;
  /** Why this version of the plugin can't work with the record, though it can show it. */
  readonly unreadable: string | undefined;
  /** A newer version of the plugin wrote it, and can work with it. */
  readonly isNewer: boolean;
  /** The ConfigMap itself, with all that this version does not know. */
  readonly object: ConfigMap;
}

/** Whether nothing of the task is left to do. */
export function isFinished({ phase }: { readonly phase: TaskPhase }): boolean {
  return phase === 'Succeeded' || phase === 'Incomplete';
}

/** The owner reference of a task's children: deleting the ConfigMap deletes them, even after a crash. */
export function ownerReference({ name, uid }: TaskRecord): OwnerReference {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid };
}

/** Whether the ConfigMap is a task's record, and not another object that a task made. */
export function isRecord(tool: string, { metadata }: ConfigMap): boolean {
  const { [Label.managedBy]: manager, [Label.task]: task, [Label.role]: role } = metadata.labels ?? {};
  if (manager !== managerOf(tool) || task === undefined || role === undefined) return false;
  return metadata.name === recordName(tool, task, role);
}

/** Reads a record; `schema` is the newest that the caller understands. Never throws: see `unreadable`. */
export function parseRecord(tool: string, schema: number, object: ConfigMap): TaskRecord {
  const { metadata, data = {} } = object;
  const { labels = {}, annotations = {} } = metadata;
  const written = Number(annotations[Annotation.schema] || Number.NaN);
  const isNewer = Number.isInteger(written) && written > schema;
  const read = readData(data);
  const phase = phaseIn(annotations[Annotation.phase]);
  return {
    tool,
    task: labels[Label.task] ?? '',
    role: labels[Label.role] ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    createdAt: metadata.creationTimestamp ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    schema: written,
    specHash: annotations[Annotation.specHash] ?? '',
    phase: phase ?? 'Pending',
    run: countIn(annotations[Annotation.run]),
    startedAt: timeIn(annotations[Annotation.startedAt]),
    finishedAt: timeIn(annotations[Annotation.finishedAt]),
    heartbeat: timeIn(annotations[Annotation.heartbeat]),
    holder: lineIn(annotations[Annotation.holder]),
    progress: lineIn(annotations[Annotation.progress]),
    message: lineIn(annotations[Annotation.message]),
    spec: read.spec,
    checkpoints: read.checkpoints,
    peer: read.peer,
    unreadable:
      unreadable(written, schema) ??
      (phase ? read.problem : `its annotation ${Annotation.phase} is no phase`),
    isNewer,
    object,
  };
}

/** Annotations can be edited by hand: what is no count is the first. */
const countIn = (text = '1'): number => Math.max(1, Number.parseInt(text, 10) || 1);
const timeIn = (text = ''): string | undefined => (Number.isNaN(Date.parse(text)) ? undefined : text);
const lineIn = (text: string | undefined): string | undefined => text && clip(oneLine(text));
/** One that has just been made may be without. */
const phaseIn = (text = 'Pending'): TaskPhase | undefined =>
  phases.includes(text) ? (text as TaskPhase) : undefined;

function unreadable(written: number, known: number): string | undefined {
  if (!Number.isInteger(written)) return `its annotation ${Annotation.schema} is no number`;
  if (written > known) return `a newer version of the plugin wrote it (schema ${written}, known is ${known})`;
  return undefined;
}

interface TaskData {
  spec: unknown;
  checkpoints: Record<string, unknown>;
  peer: Peer | undefined;
  problem: string | undefined;
}

function readData(data: Readonly<Record<string, string>>): TaskData {
  const read: TaskData = { spec: undefined, checkpoints: {}, peer: undefined, problem: undefined };
  const parse = <T>(key: string, what: string, is: (value: unknown) => value is T): T | undefined => {
    try {
      const value = data[key] === undefined ? undefined : parseExactly(data[key]);
      if (value === undefined || is(value)) return value;
      read.problem ??= `its data.${key} is not ${what}`;
    } catch (error) {
      // The message quotes the text.
      read.problem ??= `its data.${key} is not JSON (${clip(messageOf(error), 200)})`;
    }
    return undefined;
  };
  read.spec = parse('spec', 'a value', (value): value is NonNullable<unknown> | null => value !== undefined);
  read.checkpoints = parse('checkpoints', 'a map', isJson) ?? {};
  read.peer = parse('peer', 'the API server and the namespace of the other side', isPeer);
  return read;
}

/** Longer than any that an API server is reached by. */
const mostServerLength = 2048;
const namespaceForm = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function isPeer(value: unknown): value is Peer {
  if (!isJson(value)) return false;
  const { server, namespace, clusterUid, uid } = value;
  return (
    typeof server === 'string' &&
    server.length <= mostServerLength &&
    URL.canParse(server) &&
    typeof namespace === 'string' &&
    namespaceForm.test(namespace) &&
    (clusterUid === undefined || typeof clusterUid === 'string') &&
    (uid === undefined || typeof uid === 'string')
  );
}

/** The state of a record, to change freely. */
export function stateOf(record: TaskRecord): TaskState {
  const { phase, run, startedAt, finishedAt, heartbeat, holder, progress, message, peer } = record;
  const checkpoints = structuredClone(record.checkpoints);
  return { phase, run, startedAt, finishedAt, heartbeat, holder, progress, message, peer, checkpoints };
}

/** Annotations may have 256 KiB in all; a person reads the beginning of a long message and no more. */
const MAX_TEXT = 4096;
const clip = <T extends string | undefined>(text: T, most = MAX_TEXT): T =>
  text !== undefined && text.length > most ? (`${text.slice(0, most - 1)}…` as T) : text;

/** The ConfigMap with this state in it and everything else as it was. */
export function withState(object: ConfigMap, state: TaskState): ConfigMap {
  const annotations = setAll(object.metadata.annotations, {
    [Annotation.phase]: state.phase,
    [Annotation.run]: String(state.run),
    [Annotation.startedAt]: state.startedAt,
    [Annotation.finishedAt]: state.finishedAt,
    [Annotation.heartbeat]: state.heartbeat,
    [Annotation.holder]: state.holder,
    [Annotation.progress]: clip(state.progress),
    [Annotation.message]: clip(state.message),
  });
  const data = setAll(object.data, {
    checkpoints: JSON.stringify(state.checkpoints),
    peer: state.peer && JSON.stringify(state.peer),
  });
  return { ...object, metadata: { ...object.metadata, annotations }, data };
}

/** The ConfigMap with another specification in it and everything else as it was. */
export function withSpec(object: ConfigMap, spec: string, hash: string): ConfigMap {
  const annotations = setAll(object.metadata.annotations, { [Annotation.specHash]: hash });
  return {
    ...object,
    metadata: { ...object.metadata, annotations },
    data: setAll(object.data, { spec }),
  };
}

/** The map with these keys set, or removed where undefined. */
export function setAll(
  map: Readonly<Record<string, string>> | undefined,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries({ ...map, ...changes });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
