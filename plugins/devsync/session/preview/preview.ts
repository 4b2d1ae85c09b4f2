/** What a first sync would do. Nothing is made for it on either side, nor changed. */
import { X8sError } from '../../../../src/errors.ts';
import { launch } from '../../launch/launch.ts';
import { IgnoreFiles } from '../../spec/ignore-files.ts';
import { ignoreRules, readsRemoteOnly, type SyncSpec } from '../../spec/spec.ts';
import { requireWritable, scanOnce } from '../../sync/local/scan-once.ts';
import { explainRemote, unusableLocal } from '../attach/attach.ts';
import { brakeOn, planFor, rolesFrom } from '../cycle/planning.ts';
import { describeBudget, storageBudget } from '../pods/storage-budget.ts';
import {
  brakeMessage,
  type ConflictState,
  conflictStates,
  leftOutStates,
  type PlannedChange,
  type ProblemState,
  plannedChanges,
  summarize,
} from '../status/state.ts';
import { type CheckOptions, findTarget } from './check-attach.ts';
import { scanRemote } from './remote-scan.ts';

export interface Preview {
  readonly pod: string;
  readonly container: string;
  /** REMOTE, where it is missing and would be made. */
  readonly makes: string | undefined;
  readonly changes: readonly PlannedChange[];
  readonly conflicts: readonly ConflictState[];
  /** What cannot be looked at, or not be synced. */
  readonly problems: readonly ProblemState[];
  /** What may be taken of the container's room, where a limit bounds it. */
  readonly storage?: string;
  /** Why a person would be asked first. */
  readonly held: string | undefined;
}

export interface PreviewOptions extends CheckOptions {
  /** Where this workstation keeps what belongs to its syncs. */
  readonly stateFolder: string;
}

/** Rejects with an X8sError that says what is wrong with LOCAL, REMOTE or the container. */
export async function previewSync(options: PreviewOptions): Promise<Preview> {
  const { spec, stateFolder, signal } = options;
  const { rules } = new IgnoreFiles(spec.local.path, spec.useGitignore, stateFolder);
  const common = { scan: spec.scan, ignores: ignoreRules(spec, rules) };
  const looking = lookHere(spec, common, signal);
  looking.catch(() => {});
  const there = await lookAtContainer(options, common);
  const trees = { local: await looking, container: there.tree, ancestor: undefined };
  const budget = storageBudget(there.target, spec.remote, spec.trashLimits.container);
  const roles = rolesFrom(spec.from);
  const { mode, from, takeGit, useGitignore } = spec;
  const plan = planFor(trees, { mode, from, takeGit, useGitignore });
  const { problems } = summarize(
    { tree: trees.local, degraded: undefined },
    { tree: trees.container, degraded: undefined },
  );
  const brake = brakeOn(plan, trees, roles, {
    limits: { ...spec.trashLimits, container: budget.trash },
  });
  const { pod, container } = there.target;
  return {
    pod: pod.metadata.name,
    container,
    makes: there.isMissing ? spec.remote : undefined,
    changes: plannedChanges(plan, roles),
    conflicts: conflictStates(plan.conflicts, roles),
    problems: [...leftOutStates(plan.leftOut), ...problems],
    ...(budget.limit && { storage: describeBudget(budget) }),
    held: brake && brakeMessage(brake, roles),
  };
}

type Common = Pick<Parameters<typeof scanOnce>[0], 'scan' | 'ignores'>;

async function lookHere({ local: { path } }: SyncSpec, common: Common, signal: AbortSignal) {
  try {
    requireWritable(path);
    return await scanOnce({ root: path, ...common, signal });
  } catch (error) {
    throw error instanceof X8sError ? error : unusableLocal(path, error);
  }
}

async function lookAtContainer(options: CheckOptions, common: Common) {
  const { spec } = options;
  const target = await findTarget(options);
  const { connection, base } = await launch(spec.launcher, {
    ...options,
    runAs: spec.runAs,
    target,
    onDetail: () => {},
  });
  try {
    const readsOnly = readsRemoteOnly(spec);
    const request = { base, root: spec.remote, create: spec.createRemote, readsOnly, ...common };
    return { target, ...(await explainRemote(spec.remote, scanRemote(connection, request), options.signal)) };
  } finally {
    connection.close();
  }
}
