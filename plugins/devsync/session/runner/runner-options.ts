/** What a runner of one sync is given. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { SyncSpec } from '../../spec/spec.ts';
import type { RootPlace } from '../../sync/files/root-place.ts';
import type { SyncMemory } from '../ancestor/sync-memory.ts';
import type { CommonWork } from '../attach/common-work.ts';
import type { Place } from '../pods/place.ts';
import type { PlaceClaim } from '../pods/place-claims.ts';
import type { Choice } from '../pods/pods.ts';
import type { RunnerState } from './runner-state.ts';
import type { Turn } from './turn.ts';

export interface RunnerOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly spec: SyncSpec;
  /** Where this workstation keeps what belongs to this session. */
  readonly folder: string;
  /** Where it keeps what belongs to all sessions of the sync, where there are several. */
  readonly syncFolder?: string;
  /** Tells which container to work with; the one that the specification means where absent. */
  readonly follow?: (onChoice: (choice: Choice) => void, signal: AbortSignal) => Promise<void>;
  /** Where it keeps what belongs to all of them. */
  readonly stateFolder: string;
  /** Where the metadata folder of LOCAL may be. */
  readonly metadataCandidates: readonly string[];
  /** Where LOCAL was when the sync began to run. */
  readonly localPlace?: RootPlace | undefined;
  readonly bundle: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Stop when the first pod that it worked with is gone. */
  readonly untilPodGoes?: boolean;
  /** Tells other syncs of the process what it works with; absent where there are none. */
  readonly claimPlace?: (place: Place) => PlaceClaim;
  /** What it has in common with other sessions of the sync. */
  readonly common?: CommonWork;
  /** Comes when it may begin: until then it gets ready, and changes nothing. */
  readonly turn?: Turn;
  /** As a synchronizer's. */
  readonly onReceived?: () => void;
  /** Of an earlier runner of this sync. */
  readonly memory?: SyncMemory;
  readonly onLog: (line: string) => void;
  /** Told each state. */
  readonly onState?: (state: RunnerState) => void;
}
