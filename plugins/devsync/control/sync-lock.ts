/** The lock on a sync: of all processes, here and on other workstations, one at a time works on it. */
import type { Clock } from '../../../src/clock.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { acquire } from '../../../src/tasks/lock.ts';
import { taskLabels } from '../../../src/tasks/names.ts';
import { role, tool } from '../spec/spec.ts';
import type { Sync } from '../spec/spec-store.ts';

export interface LockOptions {
  readonly kube: KubeClient;
  readonly sync: Sync;
  /** What it is held for; shown to others who want it. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** As `formatHolder` writes it: one that comes back after a loss takes its own lock without waiting. */
  readonly holder?: string | undefined;
  /** Told of a holder that may have died, and is waited for. */
  readonly onLog?: (line: string) => void;
}

/** Rejects with a RefusedError where another process holds it, or where the sync is no more. */
export function lockSync({ sync, onLog, holder, ...options }: LockOptions): Promise<HeldLock> {
  const { namespace, name, uid, record } = sync;
  return acquire(options.kube, {
    ...options,
    namespace,
    name: record.name,
    existing: uid,
    about: `sync ${namespace}/${name}`,
    labels: taskLabels(tool, name, role),
    ...(holder !== undefined && { holder }),
    waiting: (claim) => onLog?.(`${name}: waiting for ${claim.holder.split(' ')[0]}, who may have died`),
  });
}
