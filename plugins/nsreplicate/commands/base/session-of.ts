/** What `--once` and a watch begin with, and how both say what was done. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Session, SessionOptions } from '../../run/session.ts';
import type { Opened } from './open-task.ts';

/** A session that tells people what it has to say. */
export async function sessionOf(
  opened: Opened,
  { clock, signal, reporter }: KubeCommandContext,
  hooks: Pick<SessionOptions, 'informers' | 'meters' | 'begun' | 'compared'>,
): Promise<Session> {
  const { Session: Made } = await import('../../run/session.ts');
  const { spec, primary, replicas, state } = opened;
  return new Made(
    { spec, primary, replicas },
    {
      state,
      clock,
      signal,
      info: (text) => reporter.info(text),
      warn: (text) => reporter.warn(text),
      standingBy: ({ holder, since }) =>
        reporter.info(
          `task ${spec.name} is at work elsewhere (${holder.split(' ')[0]}, since ${since}): standing by`,
        ),
      ...hooks,
    },
  );
}

/** What came of the objects of one replica, in a few words; empty where nothing is known to have come of any. */
export const words = (totals: Readonly<Record<string, number>>, failed: number): string =>
  Object.entries({ ...totals, failed })
    .filter(([did, count]) => count > 0 && did !== 'gone')
    .map(([did, count]) => `${count} ${did}`)
    .join(', ');

/** The same of a comparison that is through: what it could not look at is part of it. */
export function comparison(
  totals: Readonly<Record<string, number>>,
  { failed, uncompared = 0 }: { readonly failed: number; readonly uncompared?: number | undefined },
): string {
  const done = words({ ...totals, 'not compared': uncompared }, failed);
  return done === '' ? 'nothing to do' : done;
}
