/** Settles conflicts for who asks a running sync: merged line by line, or with both versions kept. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import { formatPlural } from '../../../src/ui/format.ts';
import { hasMarkers, mergeTexts, unifiedDiff } from '../reconcile/merge-text.ts';
import type { Versions } from '../session/cycle/settle.ts';

/** Asks the running sync. */
export type Ask = (method: string, parameters?: Record<string, unknown>) => Promise<unknown>;

export interface Settled {
  readonly path: string;
  /** What came of it, for a person. */
  readonly message: string;
  /** The conflict is still one. */
  readonly isOpen: boolean;
}

/** Never rejects: what is wrong is its result. */
export async function settle(path: string, use: 'both' | 'merge', ask: Ask): Promise<Settled> {
  try {
    return use === 'both' ? await keepBoth(path, ask) : await merge(path, ask);
  } catch (error) {
    return { path, message: messageOf(error), isOpen: true };
  }
}

async function keepBoth(path: string, ask: Ask): Promise<Settled> {
  const beside = await ask('keep-both', { path });
  return { path, message: `kept local, and that of the container as ${beside}`, isOpen: false };
}

/**
 * What can be merged replaces both versions. Where a person has to decide, the text with markers replaces the one here
 * alone: a program in the container would stumble over them.
 */
async function merge(path: string, ask: Ask): Promise<Settled> {
  const { local, base, container, digests } = (await ask('versions', { path })) as Versions;
  if (hasMarkers(local))
    throw new X8sError('it has markers of an earlier merge: edit what stands between them');
  const { text, conflicts } = mergeTexts(local, base, container);
  const to = conflicts === 0 ? 'both' : 'local';
  await ask('merge', { path, text, digests, to });
  if (conflicts === 0) return { path, message: 'merged', isOpen: false };
  const why = base === undefined ? ', since nobody has the text any more that both sides agreed on' : '';
  return { path, message: `${formatPlural(conflicts, 'place')} left to you${why}`, isOpen: true };
}

/** The differences of a conflict's two texts, from the one here to that of the container; why there are none to show. */
export async function diffOf(path: string, ask: Ask): Promise<{ diff: string } | { problem: string }> {
  try {
    const { local, container } = (await ask('versions', { path })) as Versions;
    const diff = unifiedDiff(local, container);
    return diff === '' ? { problem: 'the texts are the same; their permissions differ' } : { diff };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
