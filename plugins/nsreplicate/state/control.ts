/** What people ask of a running task: written by commands, read by whoever runs it. */
import type { Clock } from '../../../src/clock.ts';
import type { Json } from '../../../src/json.ts';
import { isText, maps, present, said, texts, time } from '../../../src/json-fields.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { untilNotOvertaken } from '../../../src/kube/api/overtaken.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { describe } from '../objects/keys.ts';
import { metadataOf } from './task-objects.ts';

/** A request is new where its id was not seen before. */
export interface RetryRequest {
  readonly id: string;
  /** All replicas where absent. */
  readonly replicas?: readonly string[] | undefined;
  /** As earlier versions asked: for one. */
  readonly replica?: string | undefined;
  /** `kind|namespace|name`; all that failed where absent. */
  readonly object?: string | undefined;
}

/** Who asked for what, and when. */
export interface AskedFor {
  /** RFC 3339. */
  readonly at: string;
  /** A user of the service, or `user@host` of a command. */
  readonly by: string;
  /** `pause`, `resume`, `approve`, `retry`, `promote`. */
  readonly what: string;
  /** `ConfigMap shop/a on standby`; absent where it is the whole task. */
  readonly about?: string | undefined;
}

export interface Control {
  readonly paused: boolean;
  /** Changes with every approval. */
  readonly approval: string;
  readonly retry: RetryRequest | undefined;
  /** The epoch that a promotion raised: the run looks at once whether it is fenced. */
  readonly epoch?: number | undefined;
  /** The last ones, the oldest first. */
  readonly askedFor: readonly AskedFor[];
}

const nothing: Control = { paused: false, approval: '', retry: undefined, askedFor: [] };

/** So many requests are kept. */
const MOST_KEPT = 50;
/** Somebody else may ask at the same moment, so often in a row at most. */
const ATTEMPTS = 10;

/** What may be asked for. */
export type ControlChange = Partial<Omit<Control, 'askedFor'>>;

/** What people asked for last. */
export async function readControl(kube: KubeClient, task: string, call: CallOptions = {}): Promise<Control> {
  const { namespace, name } = metadataOf(task, 'control');
  const object = await kube.find(configMaps, { namespace, name }, call);
  return controlOf(object);
}

/** What is kept of a request. */
export function recordOf(change: ControlChange, by: string, at: Date): AskedFor {
  const { paused, retry } = change;
  const what = retry ? 'retry' : paused === undefined ? 'approve' : paused ? 'pause' : 'resume';
  const object = retry?.object === undefined ? undefined : describe(retry.object);
  const place = retry?.replicas && `on ${retry.replicas.join(', ')}`;
  const about = [object, place].filter((part) => part !== undefined).join(' ');
  return { at: at.toISOString(), by, what, ...(about === '' ? {} : { about }) };
}

/** Asks for something; what is not named stays. Who asked is kept with it, in the same write. */
export async function writeControl(
  kube: KubeClient,
  task: string,
  change: ControlChange,
  asked: AskedFor,
  call: CallOptions = {},
): Promise<void> {
  const data: Record<string, string> = {};
  if (change.paused !== undefined) data.paused = String(change.paused);
  if (change.approval !== undefined) data.approval = change.approval;
  if (change.retry !== undefined) data.retry = JSON.stringify(change.retry);
  if (change.epoch !== undefined) data.epoch = String(change.epoch);
  for (const [field, value] of Object.entries(data))
    await writeField(kube, task, { field, value, asked }, call);
}

interface FieldWrite {
  readonly field: string;
  readonly value: string;
  readonly asked: AskedFor;
}

/** Each field has a manager of its own, so that commands of two people do not undo each other. */
async function writeField(
  kube: KubeClient,
  task: string,
  { field, value, asked }: FieldWrite,
  call: CallOptions,
): Promise<void> {
  const { namespace, name } = metadataOf(task, 'control');
  const options = { ...call, fieldManager: `kubectl-nsreplicate-${field}`, force: true };
  const attempt = async (): Promise<void> => {
    const present = await kube.find(configMaps, { namespace, name }, call);
    const { resourceVersion } = present?.metadata ?? {};
    const requests = [...controlOf(present).askedFor, asked].slice(-MOST_KEPT);
    const object: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...metadataOf(task, 'control'),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      data: { [field]: value, requests: requests.map((one) => JSON.stringify(one)).join('\n') },
    };
    await kube.apply(configMaps, object, options);
  };
  // Where somebody else has asked for something meanwhile, what is kept of that must not be lost.
  await untilNotOvertaken(attempt, { most: ATTEMPTS });
}

/** Tells of every change until the signal aborts, first of what is there now. */
export async function watchControl(
  kube: KubeClient,
  task: string,
  heard: (control: Control) => void,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const { namespace, name } = metadataOf(task, 'control');
  const fieldSelector = `metadata.name=${name}`;
  await listWatch(
    kube,
    configMaps,
    { namespace, fieldSelector, clock },
    {
      replaced: ([object]) => heard(controlOf(object)),
      event: (type, object) => heard(controlOf(type === 'DELETED' ? undefined : object)),
    },
    signal,
  );
}

/** What the task's ConfigMap of requests asks for; undefined where there is none. */
export function controlOf(object: ConfigMap | undefined): Control {
  if (!object) return nothing;
  const { data = {} } = object;
  return {
    paused: data.paused === 'true',
    approval: data.approval ?? '',
    retry: parseRetry(data.retry),
    ...(Number(data.epoch) > 0 ? { epoch: Number(data.epoch) } : {}),
    askedFor: parseAsked(data.requests ?? ''),
  };
}

function parseRetry(line: string | undefined): RetryRequest | undefined {
  const [request] = line === undefined ? [] : parseLines(line);
  if (!request || !isText(request.id)) return undefined;
  const { id, object, replica, replicas } = request;
  const named = isText(replica) ? [replica] : Array.isArray(replicas) ? texts(replicas) : undefined;
  return { id, ...present({ replicas: named, object: said(object) }) };
}

/** Who asked for what; what does not say so is left out. */
const parseAsked = (lines: string): AskedFor[] =>
  parseLines(lines).flatMap(({ at, by, what, about }) =>
    isText(at) && isText(by) && isText(what)
      ? [{ at: time(at), by, what, ...present({ about: said(about) }) }]
      : [],
  );

/** JSON lines; those that are no maps, or that a newer version wrote differently, are left out. */
function parseLines(lines: string): Json[] {
  return lines.split('\n').flatMap((line) => {
    try {
      return maps([JSON.parse(line)]);
    } catch {
      return [];
    }
  });
}
