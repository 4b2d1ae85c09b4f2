/**
 * Runs before the mover in each pod that a schedule makes, where no workstation looks: where somebody has the target
 * claim mounted by now, nothing is copied. It alone in the pod has a token, which lets it list the namespace's pods.
 */
import { retry } from '../../../../src/async/retry.ts';
import { decline } from '../access/report.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { readGateOptions } from './options.ts';
import { type ListedPod, usersOf } from './users.ts';

/** Lists the pods of a namespace. @throws Error where the API server does not answer, or declines. */
export type ListPods = (namespace: string, signal: AbortSignal) => Promise<readonly ListedPod[]>;

/** An API server that is restarted is away for less than that. */
const attempts = 8;
const pause = { firstMs: 500, mostMs: 8000 };

/** Resolves with the process's exit code: 0 where the mover may begin. */
export async function startGate(
  env: Readonly<Record<string, string | undefined>>,
  listPods: ListPods,
  runtime: Runtime,
): Promise<number> {
  try {
    const options = readGateOptions(env);
    const users = usersOf(
      await persistently(() => listPods(options.namespace, runtime.signal), runtime),
      options,
    );
    if (users.length === 0) return 0;
    return decline(
      options,
      'refused',
      `target claim ${options.claim} is in use by pod ${users.join(', ')}: nothing was copied`,
      runtime,
    );
  } catch (error) {
    const options = { nonce: env.X8S_NONCE ?? '', task: env.X8S_TASK ?? '', mode: env.X8S_MODE ?? '' };
    const why = `nothing was copied, since nobody could tell whether the target claim is in use: ${(error as Error).message}`;
    return decline(options, runtime.signal.aborted ? 'interrupted' : 'failed', why, runtime);
  }
}

function persistently<Result>(ask: () => Promise<Result>, { clock, signal }: Runtime): Promise<Result> {
  let failures = 0;
  const failed = (error: unknown): void => {
    failures += 1;
    if (failures >= attempts) throw error;
  };
  return retry(ask, { pause, clock, signal, failed });
}
