/** Hears how each job ends: what histograms and counters are made of. Called in the middle of the work, so it is quick. */
export interface Meters {
  /**
   * An object was worked on, and is as it should be.
   * @param key the object's, `kind|namespace|name`
   * @param did as outcomes call it: `created`, `unchanged`
   * @param started when work on it began
   * @param lagMs since its change was seen; undefined where nothing had to be written
   */
  done(replica: string, key: string, did: string, started: Date, lagMs: number | undefined): void;
  /** @param reason as failures are grouped by */
  failed(replica: string, key: string, reason: string): void;
}

/** Several that hear the same; undefined where there are none. */
export function together(...meters: readonly (Meters | undefined)[]): Meters | undefined {
  const all = meters.filter((one) => one !== undefined);
  if (all.length < 2) return all[0];
  return {
    done: (...told) => {
      for (const one of all) one.done(...told);
    },
    failed: (...told) => {
      for (const one of all) one.failed(...told);
    },
  };
}
