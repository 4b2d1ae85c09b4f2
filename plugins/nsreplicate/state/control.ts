/** What people ask of a running task: written by commands, read by whoever runs it. */
import type { Clock } from '../../../src/clock.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/client.ts';
import type { ConfigMap } from '../../../src/kube/objects.ts';
import { configMaps } from '../../../src/kube/resources.ts';
import { listWatch } from '../../../src/kube/watch.ts';
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

export interface Control {
  readonly paused: boolean;
  /** Changes with every approval. */
  readonly approval: string;
  readonly retry: RetryRequest | undefined;
}

const nothing: Control = { paused: false, approval: '', retry: undefined };

/** What people asked for last. */
export async function readControl(kube: KubeClient, task: string, call: CallOptions = {}): Promise<Control> {
  const { namespace, name } = metadataOf(task, 'control');
  const object = await kube.find(configMaps, { namespace, name }, call);
  return controlOf(object);
}

/** Asks for something; what is not named stays. */
export async function writeControl(
  kube: KubeClient,
  task: string,
  change: Partial<Control>,
  call: CallOptions = {},
): Promise<void> {
  const data: Record<string, string> = {};
  if (change.paused !== undefined) data.paused = String(change.paused);
  if (change.approval !== undefined) data.approval = change.approval;
  if (change.retry !== undefined) data.retry = JSON.stringify(change.retry);
  // Each field has a manager of its own, so that commands of two people do not undo each other.
  for (const [field, value] of Object.entries(data)) {
    const object: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadataOf(task, 'control'),
      data: { [field]: value },
    };
    await kube.apply(configMaps, object, {
      ...call,
      fieldManager: `kubectl-nsreplicate-${field}`,
      force: true,
    });
  }
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
  return { paused: data.paused === 'true', approval: data.approval ?? '', retry: parseRetry(data.retry) };
}

function parseRetry(text: string | undefined): RetryRequest | undefined {
  try {
    if (text === undefined) return undefined;
    const { replica, ...request } = JSON.parse(text) as RetryRequest;
    return replica === undefined ? request : { ...request, replicas: [replica] };
  } catch {
    return undefined;
  }
}
