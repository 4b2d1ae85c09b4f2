/** Attaches once, to find out whether it works. */

import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { pods } from '../../../src/kube/resources.ts';
import type { Target } from '../launch/launcher.ts';
import type { SyncSpec } from '../spec/spec.ts';
import { chooseTarget } from './pods.ts';

export interface CheckOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly spec: SyncSpec;
  readonly bundle: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The container that a sync would work with right now. Rejects where there is none. */
export async function findTarget({ kube, namespace, spec, signal }: CheckOptions): Promise<Target> {
  const { selector, pod } = spec.target;
  const { items } = await kube.list(pods, {
    namespace,
    signal,
    ...(selector !== undefined && { labelSelector: selector }),
    ...(pod !== undefined && { fieldSelector: `metadata.name=${pod}` }),
  });
  const { target, message } = chooseTarget(items, spec.target, undefined);
  if (target) return target;
  throw new X8sError(`nothing to sync with in namespace ${namespace}: ${message}`);
}

/** Rejects with what is wrong with the pod, the container or its directory. */
export async function checkAttach(options: CheckOptions): Promise<void> {
  const { launch } = await import('../launch/launch.ts');
  const { openRemote } = await import('./attach.ts');
  const target = await findTarget(options);
  const launched = await launch(options.spec.launcher, { ...options, target, onDetail: () => {} });
  try {
    const nothing = { scan: options.spec.scan, ignores: { lists: [], vcs: false } };
    await openRemote(launched, options.spec, nothing, options.signal);
  } finally {
    launched.connection.close();
  }
}
