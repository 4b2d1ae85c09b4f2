/** Runs one sync with all that belongs to it: the lock that says who runs it, its log, its control socket. */
import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../src/clock.ts';
import { RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { SyncMemory } from '../session/ancestor/sync-memory.ts';
import { SyncGroup } from '../session/group/sync-group.ts';
import type { Place } from '../session/pods/place.ts';
import type { PlaceClaims, PlaceOwner } from '../session/pods/place-claims.ts';
import { noContainer } from '../session/runner/chosen-container.ts';
import type { RunnerState } from '../session/runner/runner-state.ts';
import { SyncRunner } from '../session/runner/sync-runner.ts';
import { disagreementOn } from '../spec/agreement.ts';
import { isGroup } from '../spec/spec.ts';
import type { Sync } from '../spec/spec-store.ts';
import type { Workstation } from '../spec/workstation.ts';
import { readRootPlace } from '../sync/files/root-place.ts';
import { knownRootId } from '../sync/metadata/metadata-folder.ts';
import { plainWords } from '../wire/plain-words.ts';
import { handlersOf } from './handlers.ts';
import { serveControl } from './socket.ts';
import { lockSync } from './sync-lock.ts';

export interface ServeOptions {
  readonly kube: KubeClient;
  readonly sync: Sync;
  readonly workstation: Workstation;
  readonly bundle: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly untilPodGoes?: boolean;
  /** As `formatHolder` writes it: one that comes back after a loss takes its own lock without waiting. */
  readonly holder?: string;
  /** Of all syncs of this process, where there may be several. */
  readonly places?: PlaceClaims;
  /** Of an earlier run of the same sync, which could not go on. */
  readonly memory?: SyncMemory;
  readonly onLog: (line: string) => void;
  readonly onState?: (state: RunnerState) => void;
}

/** Bytes after which a log begins anew, the last one kept. */
const logLimit = 4 << 20;

/** Where a sync's log is. */
export const logFile = (workstation: Workstation, uid: string) => join(workstation.folderOf(uid), 'log');

/** Throws where a sync may not be run here. */
export function requireHere(sync: Sync, workstation: Workstation): void {
  const refusal = refusalOf(sync, workstation);
  if (refusal) throw refusal;
}

/** Why a sync may not be run here: it belongs to one directory of one workstation. */
export function refusalOf(sync: Sync, workstation: Workstation): RefusedError | undefined {
  const { name, spec } = sync;
  const { path, who, rootId } = spec.local;
  if (spec.local.workstation !== workstation.id)
    return new RefusedError(`the sync ${name} belongs to ${path} of ${who}`, {
      details: ['Started with another directory it would take what is missing there for deleted.'],
      hint: `kubectl devsync watch ${name} --take-over LOCAL gives it to a directory here, and merges.`,
    });
  const refusal = refusalOfSpec(sync, workstation);
  // A directory that is missing is reported when it is opened.
  if (refusal || !existsSync(path) || knownRootId(path, workstation.metadataCandidatesFor(path)) === rootId)
    return refusal;
  return new RefusedError(`${path} is not the directory that the sync ${name} was made with`, {
    details: ['It was made anew, restored or moved there, or what this workstation kept of it is gone.'],
    hint: `kubectl devsync watch ${name} --take-over ${path} takes it as it is, and merges.`,
  });
}

/** What the cluster says of a sync is not what a person has agreed to on this workstation. */
export class NotAgreed extends RefusedError {}

/** Why what the cluster says of a sync of this workstation may not be run here: nobody has agreed to it. */
export function refusalOfSpec({ uid, name, spec }: Sync, workstation: Workstation): NotAgreed | undefined {
  const known = workstation.find(uid);
  const disagreement = disagreementOn(spec, known);
  if (disagreement === undefined) return undefined;
  const what =
    known === undefined
      ? `the sync ${name} was not made on this workstation, though the cluster says so`
      : `the specification of the sync ${name} in the cluster is not what was agreed to here`;
  return new NotAgreed(what, {
    details: [...disagreement.changes, ...disagreement.warnings],
    hint: `kubectl devsync watch ${name} asks about it on a terminal, and --yes agrees to it.`,
  });
}

/**
 * Runs it until it is asked to stop, or its pod has gone where that is the end. Rejects with the signal's reason, and
 * with a RefusedError where another process holds it.
 */
export async function serveSync(options: ServeOptions): Promise<void> {
  const { sync, workstation, places, signal } = options;
  requireHere(sync, workstation);
  noteKnownBefore(sync, workstation);
  const { namespace, name, uid } = sync;
  const purpose = `kubectl devsync: ${sync.spec.local.path}`;
  const lock = await lockSync({ ...options, purpose });
  const ended = Promise.withResolvers<void>();
  const stop = new AbortController();
  const all = AbortSignal.any([signal, lock.signal, stop.signal]);
  const log = logger(options);
  const Runner = isGroup(sync.spec.target) ? SyncGroup : SyncRunner;
  const runner = new Runner({
    ...options,
    namespace,
    name,
    spec: sync.spec,
    folder: workstation.folderOf(uid),
    stateFolder: workstation.folder,
    ...(places && { claimPlace: (place: Place) => places.claim(ownerOf(sync, workstation), place) }),
    localPlace: readRootPlace(sync.spec.local.path),
    metadataCandidates: workstation.metadataCandidatesFor(sync.spec.local.path),
    signal: all,
    onLog: log,
  });
  try {
    await serveControl({
      path: workstation.socketOf(uid),
      handler: handlersOf({ runner, stop: () => stopAndWait(stop, ended.promise) }),
      about: `sync ${namespace}/${name}`,
      signal: all,
    });
    await runner.run();
    lock.signal.throwIfAborted();
    signal.throwIfAborted();
  } finally {
    stop.abort();
    await lock.release().catch(() => {});
    ended.resolve();
  }
}

/** A sync that a version made which did not keep what was agreed to: from now on it is what is run now. */
function noteKnownBefore({ uid, spec }: Sync, workstation: Workstation): void {
  const known = workstation.find(uid);
  if (known !== undefined && known.agreed === undefined) workstation.register({ ...known, agreed: spec });
}

/** The sync, for others that may work with the same files. */
function ownerOf({ uid, namespace, name, record }: Sync, workstation: Workstation): PlaceOwner {
  const known = workstation.find(uid);
  return { uid, namespace, name, createdAt: record.createdAt, mayOverlap: known?.overlaps === true };
}

/** Resolves only when both sides were let go of: the caller may change them then. */
function stopAndWait(stop: AbortController, ended: Promise<void>): Promise<void> {
  stop.abort(noContainer('it was stopped'));
  return ended;
}

/** Tells what happened to a sync, and writes it down for `logs`. */
export function logger({
  workstation,
  sync,
  clock,
  onLog,
}: Pick<ServeOptions, 'workstation' | 'sync' | 'clock' | 'onLog'>): (line: string) => void {
  const file = logFile(workstation, sync.uid);
  return (line) => {
    const words = plainWords(line);
    onLog(`${sync.name}: ${words}`);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logLimit) renameSync(file, `${file}.old`);
    appendFileSync(file, `${clock.now().toISOString()} ${words}\n`, { mode: 0o600 });
  };
}
