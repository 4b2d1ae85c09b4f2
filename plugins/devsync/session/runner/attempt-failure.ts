/** What it means for the next attempt that one to attach, or to stay attached, has failed. */
import type { GrowingPauses } from '../../../../src/async/back-off.ts';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf, UnreachableError, X8sError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { untilAnswers } from '../../../../src/kube/watch/until-answers.ts';
import { shorten } from '../../sync/files/system-error.ts';
import { RemoteMovedError } from '../attach/remote-root.ts';

export interface AttemptFailure {
  /** For a person, on one line. */
  readonly message: string;
  /** REMOTE leads elsewhere, and a person is to say whether it goes on there. */
  readonly remoteMoved: RemoteMovedError | undefined;
  /** The cluster did not answer: the next attempt is worth making once it does. */
  readonly isOutOfReach: boolean;
}

export function attemptFailure(error: unknown): AttemptFailure {
  const details = error instanceof X8sError ? error.details : [];
  return {
    message: [messageOf(error), ...details].map(shorten).join('; '),
    remoteMoved: error instanceof RemoteMovedError ? error : undefined,
    isOutOfReach: error instanceof UnreachableError,
  };
}

/** Until the next attempt is worth making: where the cluster does not answer, once it does. */
export async function pauseAfter(
  { clock, kube }: { readonly clock: Clock; readonly kube: KubeClient },
  isOutOfReach: boolean,
  pauses: GrowingPauses,
  signal: AbortSignal,
): Promise<void> {
  if (isOutOfReach) await untilAnswers(kube, { clock, signal });
  else await pauses.wait(signal);
}
