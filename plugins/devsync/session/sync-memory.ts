/** What is remembered of a sync while its streams come and go. */
import { RecentChanges } from '../reconcile/losses.ts';
import type { Side } from './state.ts';
import { UnansweredOperations } from './unanswered-operations.ts';

export class SyncMemory {
  /** What earlier streams have left unanswered. */
  readonly unanswered = new UnansweredOperations();
  /** What was carried over to each side just now: a stream that breaks makes no deletion less of an accident. */
  readonly recent: Readonly<Record<Side, RecentChanges>> = {
    local: new RecentChanges(),
    container: new RecentChanges(),
  };
}
