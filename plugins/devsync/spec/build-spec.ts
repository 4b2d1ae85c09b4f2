/** A specification made of what a person gives: by the options of a command, or by a file. */
import { UsageError } from '../../../src/errors.ts';
import { isObjectName } from '../../../src/kube/api/object-name.ts';
import type { Mode } from '../reconcile/reconcile.ts';
import type { TimeMode } from '../sync/files/times.ts';
import type { WriteMode, WriteRule } from '../sync/ignore/write-rules.ts';
import type { ScanOptions } from '../sync/scan/scan.ts';
import { parseReloadRule, type ReloadSpec } from './reload-spec.ts';
import {
  type LauncherName,
  type newPodRules,
  normalizeRemote,
  parseBandwidth,
  parseRunAs,
  type SyncSpec,
  type sideNames,
  type TargetSpec,
} from './spec.ts';
import { checkLocal } from './spec-store.ts';
import type { Workstation } from './workstation.ts';

const mebi = 2 ** 20;
/** Milliseconds between two reloads of a rule: the fewest, and those that hold where nothing is given. */
const [shortestInterval, defaultInterval] = [500, 2000];

/** What a person gives, with the defaults in place of what is not given. */
export interface GivenSpec {
  readonly selector: string | undefined;
  readonly pod: string | undefined;
  readonly container: readonly string[];
  readonly pods: 'one' | 'all';
  readonly writer: string | undefined;
  /** Absolute. */
  readonly local: string;
  readonly remote: string;
  readonly mode: Mode;
  readonly from: (typeof sideNames)[number];
  readonly ignore: readonly string[];
  readonly ignoreVcs: boolean;
  readonly useGitignore: boolean;
  readonly takeGit: boolean;
  readonly permissions: ScanOptions['permissions'];
  readonly symlinks: ScanOptions['symlinks'];
  readonly times: TimeMode;
  /** Of all files, or by pattern; the last rule that matches holds. */
  readonly write: WriteMode | readonly WriteRule[];
  /** `2M`: bytes a second. */
  readonly bandwidth: string | undefined;
  readonly onNewPod: (typeof newPodRules)[number];
  readonly launcher: LauncherName;
  /** `UID[:GID]`. */
  readonly runAs: string | undefined;
  readonly makeRemote: boolean;
  /** MiB. */
  readonly trashLimit: number;
  /** Rules as a person writes them. */
  readonly onChange: readonly string[];
  /** Milliseconds. */
  readonly reloadEvery: number | undefined;
  readonly reloadOnFirstSync: boolean;
  readonly restartAnyway: boolean;
}

/** What holds where nothing is given. */
export const specDefaults = {
  pods: 'one',
  mode: 'two-way-safe',
  from: 'local',
  permissions: 'portable',
  symlinks: 'portable',
  times: 'arrival',
  write: 'replace',
  onNewPod: 'conflict',
  launcher: 'auto',
  trashLimit: 1024,
} as const;

/** @throws {UsageError} bad input, in words that name the options */
export function buildSpec(given: GivenSpec, workstation: Pick<Workstation, 'id' | 'who'>): SyncSpec {
  if ((given.selector === undefined) === (given.pod === undefined))
    throw new UsageError('give either --selector or --pod', {
      hint: 'They say which container to sync with.',
    });
  checkTarget(given);
  const path = checkLocal(given.local);
  const reload = reloadOf(given);
  const limit = given.trashLimit * mebi;
  return {
    target: targetOf(given),
    remote: normalizeRemote(given.remote),
    // Its mark is made with the sync.
    local: { workstation: workstation.id, who: workstation.who, path, rootId: '' },
    mode: given.mode,
    from: given.from,
    scan: {
      permissions: given.permissions,
      symlinks: given.symlinks,
      ...(given.times === 'kept' && { times: given.times }),
    },
    ...writeOf(given),
    ...(given.bandwidth !== undefined && { bandwidth: parseBandwidth(given.bandwidth) }),
    ignore: given.ignore,
    ignoreVcs: given.ignoreVcs,
    useGitignore: given.useGitignore,
    takeGit: given.takeGit,
    onNewPod: given.onNewPod,
    launcher: given.launcher,
    ...(given.runAs !== undefined && { runAs: parseRunAs(given.runAs) }),
    createRemote: given.makeRemote,
    ...(reload && { reload }),
    trashLimits: { local: limit, container: limit / 4 },
  };
}

function checkTarget({ selector, pod, writer }: GivenSpec): void {
  if (selector?.trim() === '')
    throw new UsageError('--selector is empty: it would take any pod of the namespace', {
      hint: 'Say which pods are meant, such as --selector app=web, or name one with --pod.',
    });
  for (const [option, name] of Object.entries({ '--pod': pod, '--writer': writer }))
    if (name !== undefined && !isObjectName(name))
      throw new UsageError(`${option} ${JSON.stringify(name)} is not the name of a pod`, {
        hint: 'It is one name, as kubectl get pods shows it; --selector takes several pods.',
      });
}

function writeOf({ write }: GivenSpec): Pick<SyncSpec, 'write'> {
  const rules = typeof write === 'string' ? [{ pattern: '*', mode: write }] : write;
  return rules.some(({ mode }) => mode === 'in-place') ? { write: rules } : {};
}

function targetOf({ selector, pod, container, pods, writer, from, mode }: GivenSpec): TargetSpec {
  const containers = [...new Set(container)];
  const everyPod = pods === 'all';
  const several = everyPod || containers.length > 1;
  if (everyPod && selector === undefined) throw new UsageError('--pods all needs a --selector');
  if (writer !== undefined && !everyPod) throw new UsageError('--writer is for --pods all');
  if (several && from === 'container' && mode.startsWith('one-way'))
    throw new UsageError('several containers are made like this workstation: --from container is for one');
  return {
    selector,
    pod,
    container: containers[0],
    ...(containers.length > 1 && { containers }),
    ...(everyPod && { everyPod }),
    ...(writer !== undefined && { writer }),
  };
}

function reloadOf(given: GivenSpec): ReloadSpec | undefined {
  const { onChange, reloadEvery, reloadOnFirstSync: onFirstSync, restartAnyway } = given;
  if (onChange.length === 0) {
    if (reloadEvery !== undefined || onFirstSync || restartAnyway)
      throw new UsageError('say what to reload: --on-change PATTERN=ACTION');
    return undefined;
  }
  const every = reloadEvery ?? defaultInterval;
  if (every < shortestInterval) throw new UsageError('--reload-every must be 0.5s or more');
  const rules = onChange.map(parseReloadRule);
  if (given.pod !== undefined && rules.some(({ action }) => action.kind === 'rollout'))
    throw new UsageError('a rollout makes new pods: use --selector, which follows them');
  return { rules, every, onFirstSync, restartAnyway };
}
