/** The record of a promotion, on the cluster that is promoted: by it a promotion that was interrupted goes on. */
import { maps, present, said, text } from '../../../src/json-fields.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { fieldManager } from '../decide/spec.ts';
import { metadataOf } from './task-objects.ts';

export type PromotionPhase = 'Fencing' | 'Waking' | 'Incomplete' | 'Done';

/** A cluster that could not be told of an epoch. */
export interface Unfenced {
  /** What the person who promoted calls it. */
  readonly name: string;
  /** As `Cluster.id`; undefined where that is not known. */
  readonly id?: string | undefined;
  readonly why: string;
}

export interface PromotionRecord {
  readonly epoch: number;
  /** UID of the kube-system namespace of the cluster that was promoted, which keeps this; absent as `unfenced` may be. */
  readonly cluster?: string | undefined;
  readonly phase: PromotionPhase;
  /** RFC 3339. */
  readonly startedAt: string;
  /** RFC 3339; absent while it is under way. */
  readonly finishedAt?: string | undefined;
  /** What could not be told of the epoch; absent where an earlier version wrote it. */
  readonly unfenced?: readonly Unfenced[] | undefined;
}

/** Whether it has not come to its end: whoever carries it out may write, or was interrupted. */
export const isUnderWay = ({ phase }: Pick<PromotionRecord, 'phase'>): boolean =>
  phase === 'Fencing' || phase === 'Waking';

/** The last promotion of this cluster for a task; undefined where there was none. */
export async function readPromotion(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<PromotionRecord | undefined> {
  const { namespace, name } = metadataOf(task, 'promotion');
  const object = await kube.find(configMaps, { namespace, name }, call);
  if (!object) return undefined;
  const { epoch, phase, startedAt = '', finishedAt, cluster, unfenced } = object.data ?? {};
  return {
    epoch: Number(epoch),
    phase: (phase ?? 'Fencing') as PromotionPhase,
    startedAt,
    finishedAt,
    ...(cluster !== undefined && { cluster }),
    ...(unfenced !== undefined && { unfenced: parseUnfenced(unfenced) }),
  };
}

/** None where another version wrote it in another way. */
function parseUnfenced(line: string): Unfenced[] {
  try {
    return maps(JSON.parse(line)).map(({ name, id, why }) => ({
      name: text(name),
      why: text(why),
      ...present({ id: said(id) }),
    }));
  } catch {
    return [];
  }
}

/** The state's namespace has to be there. */
export async function writePromotion(
  kube: KubeClient,
  task: string,
  { epoch, phase, startedAt, finishedAt, cluster, unfenced = [] }: PromotionRecord,
  call: CallOptions = {},
): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(task, 'promotion'),
    data: {
      epoch: String(epoch),
      phase,
      startedAt,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(cluster === undefined ? {} : { cluster }),
      unfenced: JSON.stringify(unfenced),
    },
  };
  await kube.apply(configMaps, object, { ...call, fieldManager, force: true });
}
