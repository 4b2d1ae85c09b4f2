/** What `init` looks at, done by `up` where it was not done here before. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requirePermissions } from '../../../src/kube/cluster/access.ts';
import { clusterId } from '../../../src/kube/cluster/identity.ts';
import type { SyncSpec } from '../spec/spec.ts';
import type { Workstation } from '../spec/workstation.ts';
import { checkImage, type ImageCheck } from './image-check.ts';
import { isOptional, rightsFor, rightsOfRules } from './rights.ts';

export interface PrepareOptions extends ImageCheck {
  readonly workstation: Workstation;
  /** What is to be synced. */
  readonly specs: readonly Pick<SyncSpec, 'launcher' | 'reload'>[];
  readonly onLog: (line: string) => void;
  readonly onWarning: (line: string) => void;
}

/**
 * Rejects with a ForbiddenError that names what is not allowed. An image that does not work is a warning: a container
 * with a Node.js of its own needs none.
 */
export async function prepare(options: PrepareOptions): Promise<void> {
  const { kube, namespace, specs, image, workstation, signal, onLog, onWarning } = options;
  const needed = specs.flatMap(({ launcher, reload }) =>
    rightsFor(namespace, launcher, rightsOfRules(reload?.rules ?? [])).filter(
      (one) => !isOptional(one, launcher),
    ),
  );
  const hint = 'kubectl devsync rbac prints a Role with all of them.';
  await requirePermissions(kube, needed, { signal, hint });
  // These need no image of their own in the namespace.
  if (specs.every(({ launcher }) => launcher === 'exec' || launcher === 'node-agent')) return;
  const cluster = (await clusterId(kube, { signal })) ?? kube.cluster.server;
  const what = JSON.stringify([cluster, namespace, image]);
  const folder = join(workstation.folder, 'prepared');
  const mark = join(folder, createHash('sha256').update(what).digest('hex'));
  if (existsSync(mark)) return;
  onLog(`trying the agent's image ${image} in namespace ${namespace}, once`);
  const { verdict, message } = await checkImage(options);
  if (verdict === 'failed')
    return onWarning(`${message}. Containers without a Node.js of their own need it.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(mark, '', { mode: 0o600 });
}
