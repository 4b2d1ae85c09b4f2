/** What is remembered of a sync while its streams come and go. */
import { RecentChanges } from '../reconcile/losses.ts';
import { Attempts } from './attempts.ts';
import type { Place } from './state.ts';

export class SyncMemory {
  /** What earlier streams have left unanswered. */
  readonly attempts = new Attempts();
  /** What was carried over to each side just now: a stream that breaks makes no deletion less of an accident. */
  readonly recent: Readonly<Record<Place, RecentChanges>> = {
    local: new RecentChanges(),
    container: new RecentChanges(),
  };
}
