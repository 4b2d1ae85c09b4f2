/** Removes a sync with everything that it keeps, and says what cannot be removed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { pods } from '../../src/kube/resources.ts';
import { askControl } from './control/socket.ts';
import { leftBehind } from './launch/ephemeral.ts';
import { launch } from './launch/launch.ts';
import { openRemote } from './session/attach.ts';
import { type CheckOptions, findTarget } from './session/check-attach.ts';
import type { Catalog, Sync } from './spec/catalog.ts';
import type { Workstation } from './spec/workstation.ts';
import { privateFolder } from './sync/names.ts';

export interface CleanOptions extends Omit<CheckOptions, 'spec'> {
  readonly sync: Sync;
  readonly catalog: Catalog;
  readonly workstation: Workstation;
}

/** Resolves with what was removed and what stays, one line each. */
export async function cleanSync(options: CleanOptions): Promise<string[]> {
  const { sync, catalog, workstation, signal } = options;
  await askControl(workstation.socketOf(sync.uid), 'stop').catch(() => {});
  const lines = await cleanContainer(options);
  if (catalog.belongsHere(sync)) {
    rmSync(join(sync.spec.local.path, privateFolder), { recursive: true, force: true });
    lines.push(`${sync.name}: removed ${privateFolder} from ${sync.spec.local.path}`);
  }
  await catalog.delete(sync, signal);
  lines.push(`${sync.name}: removed the specification, and what this workstation kept of it`);
  return lines;
}

async function cleanContainer(options: CleanOptions): Promise<string[]> {
  const { sync, kube, namespace, signal } = options;
  const check = { ...options, spec: sync.spec };
  try {
    const target = await findTarget(check);
    const launched = await launch(sync.spec.launcher, { ...check, target, onDetail: () => {} });
    try {
      const remote = await openRemote(launched, sync.spec, {
        scan: sync.spec.scan,
        ignores: { lists: [], vcs: false },
      });
      await remote.purge();
    } finally {
      launched.connection.close();
    }
    const { name } = target.pod.metadata;
    const stay = leftBehind(await kube.get(pods, { namespace, name }, { signal }));
    const lines = [`${sync.name}: removed ${privateFolder} from ${sync.spec.remote} in pod ${name}`];
    if (stay.length > 0) lines.push(`${sync.name}: ${stay.join(', ')} stay in pod ${name} until it goes`);
    return lines;
  } catch (error) {
    return [`${sync.name}: the container was left as it is: ${messageOf(error)}`];
  }
}
