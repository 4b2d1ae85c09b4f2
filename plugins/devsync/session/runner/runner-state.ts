/** What a running sync tells about itself, its container included; plain data, for people and for JSON. */

import type { ReloadState } from '../../reload/reloader.ts';
import type { Attached } from '../attach/attach.ts';
import { type ActivityState, noActivity } from '../status/activity.ts';
import { noState, type Side, type SyncState } from '../status/state.ts';
import type { Current } from './synchronizer-slot.ts';

export interface RunnerState extends SyncState {
  readonly pod: string;
  readonly container: string;
  /** How the agent was started: `exec`, `ephemeral`. */
  readonly launcher: string;
  /** What REMOTE lives on, for a person. */
  readonly location: string;
  /** Where each side keeps its trash and what is staged; empty before it is known. */
  readonly metadataFolders: Readonly<Record<Side, string>>;
  /** What is not as it should be there, for a person. */
  readonly remarks: readonly string[];
  /** What the reload rules are doing. */
  readonly reloads: readonly ReloadState[];
  /** What is on its way, and what has arrived last. */
  readonly activity: ActivityState;
  /** Each container's part, where several may take part. */
  readonly sessions?: readonly SessionState[];
  /** Why other launchers could not start an agent. */
  readonly refusals: readonly { readonly launcher: string; readonly reason: string }[];
}

/** One container's part in a sync that several take part in. */
export interface SessionState extends RunnerState {
  /** The writer's changes come to this workstation; a follower is made like it. */
  readonly role: 'writer' | 'follower';
}

/** A sync that runs, with one container or with several. */
export interface RunningSync {
  readonly state: RunnerState;
  /** The synchronizer that writes to this workstation right now; undefined while it waits for a pod. */
  readonly live: Current | undefined;
  /** Looks at everything and waits until nothing is left to do. */
  flush(): Promise<SyncState>;
  pause(): Promise<void>;
  resume(confirm: boolean): Promise<void>;
  /** Runs until its signal says stop, and has let go of both sides then. */
  run(): Promise<void>;
}

export const noRunnerState: RunnerState = {
  ...noState,
  pod: '',
  container: '',
  launcher: '',
  location: '',
  metadataFolders: { local: '', container: '' },
  remarks: [],
  reloads: [],
  activity: noActivity,
  refusals: [],
};

/** What a session says that has not begun. */
export const awaitsWriter = 'waits until the writer is in sync';

/** The state once both sides are attached. */
export function withAttached(state: RunnerState, attached: Attached): RunnerState {
  const { launched, location, local, container } = attached;
  const { launcher, refusals } = launched;
  const metadataFolders = { local: local.facts.metadataFolder, container: container.facts.metadataFolder };
  return {
    ...state,
    phase: 'scanning',
    launcher,
    refusals,
    location: location.description,
    metadataFolders,
    remarks: remarksOn(attached),
  };
}

/** What could not be read of what was remembered, and where our files could only be kept in the directory itself. */
function remarksOn({ local, container, remarks }: Attached): string[] {
  const names = { local: 'LOCAL', container: 'REMOTE' };
  const inside = (['local', 'container'] as const).flatMap((side) => {
    const { metadataFolder, isMetadataInside } = { local, container }[side].facts;
    return isMetadataInside
      ? [
          `the trash and what is on its way are in ${names[side]} itself, ${metadataFolder}: no place outside will do`,
        ]
      : [];
  });
  return [...remarks, ...inside];
}
