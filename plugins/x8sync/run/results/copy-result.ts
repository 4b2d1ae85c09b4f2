/** What a copy came to, from its mover's end and from what the mover said before. */
import type { StrategyName } from '../../connect/strategy-names.ts';
import type { MoverMessages } from '../../monitor/mover-messages.ts';
import type { Selection } from '../../mover/protocol/options.ts';
import type { CopyResult, Mode } from '../request/request.ts';
import type { CopyEnd } from './copy-end.ts';

/** What of a copy its mover does not know. */
export interface CopyStory {
  readonly task: string;
  readonly source: string;
  readonly target: string;
  readonly mode: Mode;
  readonly checksum: boolean;
  readonly selection?: Selection | undefined;
  /** Undefined where another run has led the mover to the source. */
  readonly strategy: StrategyName | undefined;
  /** What was read in the source's place, as far as this run knows it. */
  readonly snapshot?: CopyResult['snapshot'];
  readonly seconds: number;
}

export function copyResult(end: CopyEnd, messages: MoverMessages, story: CopyStory): CopyResult {
  const { task, source, target, mode, checksum, selection, strategy, seconds, snapshot } = story;
  const { outcome, message, stats, failures, lost, losses, verification, streams, device } = end;
  const { targetUsers } = end;
  const { address, changes, diagnostics, differences } = messages;
  const how = {
    outcome,
    message,
    mode,
    compared: checksum ? 'content' : (end.compared ?? 'size and time'),
    address: strategy === 'relay' ? undefined : address,
    strategy,
    filtered: (selection?.filters ?? []).length > 0,
  } as const;
  const found = {
    failures,
    lost,
    losses,
    changes,
    diagnostics,
    verification,
    differences,
    streams,
    device,
    snapshot,
    targetUsers,
  };
  return { task, source, target, ...how, stats, ...found, seconds };
}
