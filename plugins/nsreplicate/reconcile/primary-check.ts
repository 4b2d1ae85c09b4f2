/** What the work on replicas asks of whoever knows whether the primary is still what it was. */
export interface PrimaryCheck {
  /**
   * Stops deletions where the primary is another cluster, or went back in time.
   * @throws {WorkFailure | X8sError} that can't be known just now
   */
  confirm(): Promise<void>;
  /** The state sequence for what is written now. */
  sequence(): Promise<number>;
  /** A copy of an earlier run bears this state sequence. */
  sawSequence(sequence: number): void;
}
