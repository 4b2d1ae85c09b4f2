/** Makes the pods that copy beside the mover's, and takes them away where another mover is to begin. */
import type { Job, KubeObject } from '../../../../src/kube/api/objects.ts';
import { jobs } from '../../../../src/kube/api/resources.ts';
import { checkOurs, createOrFind, type EnsureOptions, remove } from '../../objects/ensure.ts';
import { workersJob } from '../../objects/manifests/workers.ts';
import { type TaskSide, workersMeta } from '../../objects/sides.ts';

const nonceAnnotation = 'x8s.dev/nonce';

/** What a Job says of the mover that it is made for. */
export const nonceAnnotations = (nonce: string): Record<string, string> => ({ [nonceAnnotation]: nonce });

/** The number of the mover that a Job, or each of a CronJob's, was made for. */
export const nonceIn = ({ metadata }: KubeObject): string => metadata.annotations?.[nonceAnnotation] ?? '';

/**
 * Makes them, or finds those that an earlier run has made for the same mover.
 *
 * @throws RefusedError where a quota or a policy declined their Job.
 */
export async function startWorkers(
  { kube, selector }: TaskSide,
  mover: Job,
  count: number,
  options: EnsureOptions,
): Promise<void> {
  const wanted = workersJob(mover, count, workersMeta({ selector }));
  const willDo = (present: Job) =>
    nonceIn(present) === nonceIn(mover) && present.metadata.deletionTimestamp === undefined;
  for (;;) {
    const made = await createOrFind(kube, jobs, wanted, willDo, options);
    if (made === 'gone') continue;
    if (!('present' in made)) return;
    await remove(kube, jobs, made.present, options);
  }
}

/** Takes them away, and waits until they are gone: they write to the target as their mover does. */
export async function removeWorkers(side: TaskSide, options: EnsureOptions): Promise<void> {
  const { kube, namespace } = side;
  const { name } = workersMeta(side);
  const present = await kube.find(jobs, { namespace, name }, { signal: options.signal });
  if (!present) return;
  checkOurs(kube, jobs, present, { metadata: side.meta });
  await remove(kube, jobs, present, options);
}
