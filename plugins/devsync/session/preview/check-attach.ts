/** Attaches once, to find out whether it works. */

import type { Clock } from '../../../../src/clock.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Target } from '../../launch/launcher.ts';
import { isGroup, type SyncSpec } from '../../spec/spec.ts';
import { chooseGroup, noTargets, targetsIn } from '../group/group-targets.ts';
import { byAge, chooseTarget, listPods, whyNone } from '../pods/pods.ts';

/** Which containers are meant. */
export interface FindOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly spec: Pick<SyncSpec, 'target' | 'remote'>;
  readonly signal: AbortSignal;
}

export interface CheckOptions extends FindOptions {
  readonly spec: SyncSpec;
  readonly bundle: string;
  readonly image: string;
  readonly clock: Clock;
}

/** The container that a sync would work with right now. Rejects where there is none. */
export async function findTarget({ kube, namespace, spec, signal }: FindOptions): Promise<Target> {
  const known = await listPods(kube, namespace, spec.target, signal);
  const { target, message } = chooseTarget(known, spec.target, undefined);
  if (target) return target;
  throw new X8sError(`nothing to sync with in namespace ${namespace}: ${message}`);
}

/** Every container that a sync would work with right now. Rejects where there is none. */
export async function findTargets(options: FindOptions): Promise<Target[]> {
  const { kube, namespace, spec, signal } = options;
  if (!isGroup(spec.target)) return [await findTarget(options)];
  const known = await listPods(kube, namespace, spec.target, signal);
  const { writer, followers, message } = chooseGroup(known, spec.target, spec.remote, noTargets);
  if (writer) return [writer, ...followers];
  throw new X8sError(`nothing to sync with in namespace ${namespace}: ${message}`);
}

/** Every container that a selector means and that runs, the oldest first, whatever they share. Rejects where there is none. */
export async function findAll({ kube, namespace, spec, signal }: FindOptions): Promise<Target[]> {
  const known = await listPods(kube, namespace, spec.target, signal);
  const all = targetsIn(known, spec.target).sort(byAge);
  if (all.length > 0) return all;
  throw new X8sError(`nothing to look at in namespace ${namespace}: ${whyNone(known, spec.target)}`);
}

/** Rejects with what is wrong with the pod, the container or its directory. */
export async function checkAttach(options: CheckOptions): Promise<void> {
  const { launch } = await import('../../launch/launch.ts');
  const { openRemote } = await import('../attach/attach.ts');
  const target = await findTarget(options);
  const launched = await launch(options.spec.launcher, {
    ...options,
    runAs: options.spec.runAs,
    target,
    onDetail: () => {},
  });
  try {
    const nothing = { scan: options.spec.scan, ignores: { lists: [], vcs: false } };
    await openRemote(launched, options.spec, nothing, options.signal);
  } finally {
    launched.connection.close();
  }
}
