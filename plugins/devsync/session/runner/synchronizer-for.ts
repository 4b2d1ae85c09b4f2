/** The synchronizer of two sides that are attached, as the specification wants it. */
import type { Clock } from '../../../../src/clock.ts';
import type { Reloader } from '../../reload/reloader.ts';
import type { SyncSpec } from '../../spec/spec.ts';
import type { Bases } from '../ancestor/bases.ts';
import type { SyncMemory } from '../ancestor/sync-memory.ts';
import type { Attached } from '../attach/attach.ts';
import type { AppliedChanges } from '../cycle/applied-changes.ts';
import { Synchronizer } from '../cycle/synchronizer.ts';
import type { Activity } from '../status/activity.ts';
import type { SyncState } from '../status/state.ts';
import type { ContentsSource } from '../transfers/shared-contents.ts';

export interface SynchronizerContext {
  readonly spec: SyncSpec;
  readonly clock: Clock;
  readonly memory: SyncMemory;
  readonly signal: AbortSignal;
  readonly onState: (state: SyncState) => void;
  readonly onLog: (line: string) => void;
  readonly activity: Activity;
  readonly bases: Bases;
  /** What it has in common with other sessions of the sync. */
  readonly shared?: ContentsSource | undefined;
  /** Told when nothing of the container's is on its way here any more, before what goes there has begun to. */
  readonly onReceived?: (() => void) | undefined;
  readonly reloader: Reloader | undefined;
  /** The ignore rules of LOCAL's own files are about to change, or have changed: both sides have to be scanned anew. */
  readonly onOtherRules: () => void;
}

export function synchronizerFor(attached: Attached, context: SynchronizerContext): Synchronizer {
  const { spec, clock, memory, signal, onState, onLog, reloader, onOtherRules } = context;
  const { local, container, history, binding, ignoreFiles, budget } = attached;
  const winsLocally = history.isSuccessor && spec.onNewPod === 'local' && spec.from === 'local';
  // A first sync carries the rule files over as well; only other rules count.
  const checkRules = (paths: Iterable<string>) => {
    if (ignoreFiles.areOthers(paths)) onOtherRules();
  };
  memory.unanswered.begin(binding);
  memory.confirmations.begin(binding);
  return new Synchronizer({
    local,
    container,
    ancestor: history.ancestor,
    binding,
    mode: spec.mode,
    from: spec.from,
    firstMode: winsLocally && spec.mode === 'two-way-safe' ? 'two-way-resolved' : undefined,
    takeGit: spec.takeGit,
    useGitignore: spec.useGitignore,
    trashLimits: { ...spec.trashLimits, container: budget.trash },
    activity: context.activity,
    shared: context.shared,
    onReceived: context.onReceived,
    onArrived: (batch) => context.bases.note(batch, local),
    onNotice: onLog,
    ...(reloader && { onApplied: onAppliedFor(attached, spec, reloader) }),
    ...memory,
    clock,
    signal,
    startUp: history.startUp,
    image: history.image,
    onState,
    // Rules that come along with what they are about hold for it; those that a person takes from the container, as soon as they are here.
    onPlanned: checkRules,
    onAgreed: checkRules,
  });
}

/** What a first sync brings reloads nothing, unless that is asked for. */
function onAppliedFor(attached: Attached, spec: SyncSpec, reloader: Reloader) {
  const { target, location, container, launched, history } = attached;
  const { survivesRestart } = location;
  const { connection, launcher } = launched;
  reloader.attach({ target, container, connection, launcher, survivesRestart });
  const isQuiet = !history.hadAncestor && spec.reload?.onFirstSync !== true;
  return ({ isFirst, container: sent, local: received }: AppliedChanges) =>
    reloader.applied(sent, received, isFirst && isQuiet);
}
