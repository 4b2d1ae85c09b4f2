/** Brings one container and the local directory together: agent, both endpoints, ancestor. */
import type { Clock } from '../../../../src/clock.ts';
import { messageOf, UnreachableError, X8sError } from '../../../../src/errors.ts';
import { AgentError } from '../../launch/agent-connection.ts';
import { launch, type Refusal } from '../../launch/launch.ts';
import type { LaunchContext, Launched, Target } from '../../launch/launcher.ts';
import { measure, otherMountProblem } from '../../reconcile/entry.ts';
import { IgnoreFiles } from '../../spec/ignore-files.ts';
import { ignoreRules, readsLocalOnly, readsRemoteOnly, type SyncSpec } from '../../spec/spec.ts';
import { requireFiles } from '../../sync/files/file-systems.ts';
import { isOtherMount, type RootPlace, readRootPlace } from '../../sync/files/root-place.ts';
import { codeOf, reasonOf } from '../../sync/files/system-error.ts';
import { LocalEndpoint } from '../../sync/local/local-endpoint.ts';
import type { LocalOptions } from '../../sync/local/local-options.ts';
import type { OpenRequest } from '../../wire/calls.ts';
import { ContainerHistory } from '../ancestor/container-history.ts';
import type { SyncMemory } from '../ancestor/sync-memory.ts';
import { type Location, locate } from '../pods/location.ts';
import { type StorageBudget, storageBudget } from '../pods/storage-budget.ts';
import type { CommonWork } from './common-work.ts';
import { RemoteEndpoint } from './remote-endpoint.ts';
import { requireSameRoot } from './remote-root.ts';

/** The session's number on a connection of its own; agents that serve several have more. */
const session = 1;

export interface AttachContext extends LaunchContext {
  readonly spec: SyncSpec;
  /** Where this workstation keeps what belongs to the session. */
  readonly folder: string;
  /** Where it keeps what belongs to all sessions of the sync, where there are several. */
  readonly syncFolder?: string;
  /** Where it keeps what belongs to all of them. */
  readonly stateFolder: string;
  /** Where what is kept of LOCAL may be. */
  readonly metadataCandidates: readonly string[];
  /** Where LOCAL was when the sync began to run. */
  readonly localPlace?: RootPlace | undefined;
  readonly clock: Clock;
  /** What it has in common with other sessions of the sync. */
  readonly common?: CommonWork | undefined;
  /** Of earlier streams. */
  readonly memory?: SyncMemory;
}

/** Everything that a synchronizer works with. */
export interface Attached {
  readonly target: Target;
  readonly launched: Launched & { readonly refusals: readonly Refusal[] };
  readonly location: Location;
  readonly local: LocalEndpoint;
  readonly container: RemoteEndpoint;
  readonly history: ContainerHistory;
  /** What a person is to know of what was remembered. */
  readonly remarks: readonly string[];
  readonly binding: string;
  /** What may be taken in the container. */
  readonly budget: StorageBudget;
  /** What the files in LOCAL say that both sides leave alone. */
  readonly ignoreFiles: IgnoreFiles;
  /**
   * Once it is its turn: the first container of an image tells what that begins with, and where several are attached at a
   * time, that is the one that writes back.
   */
  begin(): void;
  close(): Promise<void>;
}

/** Rejects with an X8sError that says what is wrong with LOCAL, REMOTE or the container. */
export async function attach(context: AttachContext): Promise<Attached> {
  const { spec, target, folder, kube, signal, onDetail } = context;
  const ignoreFiles = new IgnoreFiles(spec.local.path, spec.useGitignore, context.stateFolder);
  const common = {
    scan: { ...spec.scan, reach: true as const },
    ignores: ignoreRules(spec, ignoreFiles.rules),
    write: spec.write,
  };
  const budget = storageBudget(target, spec.remote, spec.trashLimits.container);
  const { metadataCandidates, localPlace: place } = context;
  const local = openLocal(spec, { ...common, metadataCandidates, digests: context.common?.digests, place });
  // This side is read while the other one is reached.
  const looking = local.refresh(true);
  looking.catch(() => {});
  let launched: Attached['launched'] | undefined;
  try {
    launched = await launch(spec.launcher, { ...context, runAs: spec.runAs, lines: context.common?.lines });
    const container = await openRemote(launched, spec, { ...common, ...limitsOf(budget) }, signal);
    const remarks: string[] = [];
    const resolved = { container: target.containerId, root: container.opened.root };
    requireSameRoot(folder, spec.remote, resolved, (words) => remarks.push(words));
    onDetail('looking at both sides');
    const lookingThere = container.refresh(true);
    lookingThere.catch(() => {});
    const location = await locate(kube, target, container.opened.root, signal);
    const binding = JSON.stringify([local.facts.rootId, container.facts.rootId, location.id]);
    const history = new ContainerHistory(folder, binding, target.containerId, context.syncFolder);
    await Promise.all([looking, lookingThere]);
    const begin = () => {
      history.begin(location, container.tree, context.memory?.startUpTimes(target.containerId));
      if (history.trouble !== undefined) remarks.push(history.trouble);
    };
    const { connection } = launched;
    const close = async () => {
      await container.close();
      connection.close();
      await local.close();
    };
    const sides = { local, container, history, remarks, binding, budget };
    return { target, launched, location, ...sides, ignoreFiles, begin, close };
  } catch (error) {
    launched?.connection.close();
    await local.close();
    throw error;
  }
}

type Common = Pick<LocalOptions, 'scan' | 'ignores' | 'write' | 'metadataCandidates' | 'digests' | 'place'>;

function openLocal({ local, trashLimits, takeGit }: SyncSpec, common: Common): LocalEndpoint {
  try {
    const now = readRootPlace(local.path);
    // It would be marked as LOCAL from here on.
    if (common.place && now && isOtherMount(common.place, now)) throw new Error(otherMountProblem);
    requireFiles(local.path);
    const refusesRepositories = !takeGit;
    return new LocalEndpoint({
      root: local.path,
      trashLimit: trashLimits.local,
      refusesRepositories,
      ...common,
    });
  } catch (error) {
    throw unusableLocal(local.path, error);
  }
}

type Limits = Pick<OpenRequest, 'trashLimit' | 'stagingLimit'>;

const limitsOf = ({ trash: trashLimit, staging: stagingLimit }: StorageBudget): Limits => ({
  trashLimit,
  stagingLimit,
});

/** What is said of a LOCAL that the system does not let us work in. */
export function unusableLocal(path: string, cause: unknown): X8sError {
  const why = codeOf(cause) === 'ENOENT' ? 'it does not exist' : reasonOf(cause);
  return new X8sError(`LOCAL ${path} cannot be synced: ${why}`, { cause });
}

/** Opens REMOTE. Rejects with an X8sError that says what is wrong with it. */
export async function openRemote(
  launched: Launched,
  spec: SyncSpec,
  common: Omit<Common, 'metadataCandidates' | 'digests' | 'place'> & Partial<Limits>,
  signal: AbortSignal,
): Promise<RemoteEndpoint> {
  const { remote: root, createRemote: create, trashLimits, bandwidth } = spec;
  const readsOnly = readsRemoteOnly(spec);
  const request = {
    base: launched.base,
    root,
    create,
    readsOnly,
    ahead: !readsLocalOnly(spec),
    trashLimit: trashLimits.container,
    bandwidth,
    ...common,
  };
  const opened = RemoteEndpoint.open(launched.connection, session, request);
  return await explainRemote(root, opened, signal);
}

/** Rejects with an X8sError that says what is wrong with REMOTE, where that is what the agent says. */
export async function explainRemote<T>(root: string, asked: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AgentError) throw remoteError(root, error);
    // The stream ends with the signal, which says why.
    signal.throwIfAborted();
    if (error instanceof X8sError) throw error;
    throw new UnreachableError(`the agent for ${root} in the container was lost: ${messageOf(error)}`, {
      cause: error,
      hint: 'Try again; where it is lost again, `kubectl devsync doctor` says more.',
    });
  }
}

function remoteError(remote: string, error: AgentError): X8sError {
  switch (error.code) {
    case 'ENOENT':
      return new X8sError(`REMOTE ${remote} does not exist in the container`, {
        hint: 'create --make-remote makes it.',
      });
    case 'ENOTDIR':
      return new X8sError(`REMOTE ${remote} is not a directory`, { hint: 'Only directories can be synced.' });
    case 'EACCES':
    case 'EPERM':
      return new X8sError(`REMOTE ${remote} cannot be written to by the container's user: ${error.message}`, {
        hint: 'Give it to that user in the image, mount a volume with fsGroup there, or choose another directory.',
      });
    case 'EROFS':
      return new X8sError(`REMOTE ${remote} is on a read-only file system: ${error.message}`, {
        hint: 'Choose a directory on a volume that is mounted to be written to, such as an emptyDir.',
      });
    default:
      return new X8sError(`REMOTE ${remote} cannot be synced: ${error.message}`, { cause: error });
  }
}

/** How much there is to look after, for a log line. */
export function sizeOf({ local, container }: Attached): string {
  return `${measure(local.tree).files} files here, ${measure(container.tree).files} in the container`;
}
