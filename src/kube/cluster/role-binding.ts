/** Bindings of roles that were made a moment ago. */
import { retry } from '../../async/retry.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { X8sError } from '../../errors.ts';
import { ApiError } from '../api/api-error.ts';

export interface BindingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

const pause = { firstMs: 50, mostMs: 1_000 };
/** A server that is very busy takes seconds to hear of what it has just made. */
const LIMIT_MS = 10_000;

/**
 * Makes a binding. Who may not `bind` whatever role is asked for the rights in it, which the server looks up in a copy of
 * its roles that is a moment behind: a role that was made just before is "not found". So that is asked again for ten
 * seconds.
 *
 * Source: kubernetes, pkg/registry/rbac/rolebinding/policybased; its 404 has the name of the role and the kind of the
 * binding.
 * @param make one attempt
 * @throws whatever the last attempt said; X8sError where the server still knows of no such role
 */
export async function bindRole<T>(
  make: () => Promise<T>,
  { signal = new AbortController().signal, clock = systemClock }: BindingOptions = {},
): Promise<T> {
  const since = clock.monotonic();
  const failed = (error: unknown) => {
    const role = missingRole(error);
    if (role === undefined) throw error;
    if (clock.monotonic() - since < LIMIT_MS) return;
    throw new X8sError(`the server has no role ${role}, which is to be bound`, { cause: error });
  };
  return retry(make, { pause, clock, signal, failed });
}

/** The name of a role that a server, asked for a binding of it, says it does not have. */
export function missingRole(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || error.code !== 404) return undefined;
  const { kind = '', name } = error.status?.details ?? {};
  return kind === 'rolebindings' || kind === 'clusterrolebindings' ? name : undefined;
}
