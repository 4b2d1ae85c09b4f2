/** Hears how each job ends: what histograms and counters are made of. Called in the middle of the work, so it is quick. */
export interface Meters {
  /**
   * An object was worked on, and is as it should be.
   * @param did as outcomes call it: `created`, `unchanged`
   * @param started when work on it began
   * @param lagMs since its change was seen; undefined where nothing had to be written
   */
  done(replica: string, kind: string, did: string, started: Date, lagMs: number | undefined): void;
  /** @param reason as failures are grouped by */
  failed(replica: string, kind: string, reason: string): void;
}
