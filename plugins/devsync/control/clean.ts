/** Removes a sync with everything that it keeps, and says what cannot be removed. */
import { messageOf } from '../../../src/errors.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import type { HeldLock } from '../../../src/tasks/held-lock.ts';
import { leftBehind } from '../launch/ephemeral.ts';
import { launch } from '../launch/launch.ts';
import type { Target } from '../launch/launcher.ts';
import { openRemote } from '../session/attach/attach.ts';
import { type CheckOptions, findTargets } from '../session/preview/check-attach.ts';
import type { SpecStore, Sync } from '../spec/spec-store.ts';
import type { Workstation } from '../spec/workstation.ts';
import { removeMetadataFolder } from '../sync/metadata/metadata-folder.ts';
import { askControl } from './socket.ts';
import { lockSync } from './sync-lock.ts';

export interface CleanOptions extends Omit<CheckOptions, 'spec'> {
  readonly sync: Sync;
  readonly specs: SpecStore;
  readonly workstation: Workstation;
}

/**
 * Resolves with what was removed and what stays, one line each. A sync that runs on this workstation is ended first,
 * and none can begin meanwhile, not even a watch that would take it up again. Rejects with a RefusedError where another
 * process holds it.
 */
export async function cleanSync(options: CleanOptions): Promise<string[]> {
  const { sync, specs, workstation, signal } = options;
  await askControl(workstation.socketOf(sync.uid), 'stop', {}, { signal }).catch(() =>
    signal.throwIfAborted(),
  );
  const lock = await hold(options);
  try {
    const lines = await cleanContainers(options);
    if (specs.belongsHere(sync)) lines.push(cleanLocal(sync, workstation));
    await specs.delete(sync, signal);
    return [...lines, `${sync.name}: removed the specification, and what this workstation kept of it`];
  } finally {
    await lock?.release();
  }
}

function cleanLocal({ uid, name, spec }: Sync, workstation: Workstation): string {
  const { path } = spec.local;
  // What the cluster says could name the directory of another sync.
  if (workstation.find(uid)?.path !== path)
    return `${name}: the trash of ${path} was left: this workstation did not make the sync with that directory`;
  removeMetadataFolder(path, workstation.metadataCandidatesFor(path));
  return `${name}: removed the trash of ${path}, and what else was kept of it`;
}

/** `run` deletes its specification when it ends: then there is nothing left to lock. */
async function hold(options: CleanOptions): Promise<HeldLock | undefined> {
  try {
    return await lockSync({ ...options, purpose: 'kubectl devsync clean' });
  } catch (error) {
    const { sync, specs, signal } = options;
    if (await specs.isThere(sync, signal)) throw error;
    return undefined;
  }
}

async function cleanContainers(options: CleanOptions): Promise<string[]> {
  const { sync } = options;
  try {
    const targets = await findTargets({ ...options, spec: sync.spec });
    const cleaned: string[] = [];
    for (const target of targets) cleaned.push(...(await cleanContainer(options, target)));
    return cleaned;
  } catch (error) {
    return [`${sync.name}: the container was left as it is: ${messageOf(error)}`];
  }
}

async function cleanContainer(options: CleanOptions, target: Target): Promise<string[]> {
  const { sync, kube, namespace, signal } = options;
  const { name } = target.pod.metadata;
  const where = `container ${target.container} of pod ${name}`;
  try {
    const launched = await launch(sync.spec.launcher, {
      ...options,
      runAs: sync.spec.runAs,
      target,
      onDetail: () => {},
    });
    try {
      // What is missing is as clean as can be.
      const spec = { ...sync.spec, createRemote: false };
      const nothing = { scan: spec.scan, ignores: { lists: [], vcs: false } };
      const remote = await openRemote(launched, spec, nothing, signal);
      await remote.purge();
    } finally {
      launched.connection.close();
    }
    const stay = leftBehind(await kube.get(pods, { namespace, name }, { signal }));
    const lines = [
      `${sync.name}: removed the trash of ${sync.spec.remote} in ${where}, and what else was kept there`,
    ];
    if (stay.length > 0) lines.push(`${sync.name}: ${stay.join(', ')} stay in pod ${name} until it goes`);
    return lines;
  } catch (error) {
    return [`${sync.name}: ${where} was left as it is: ${messageOf(error)}`];
  }
}
