/** Time, as an engine sees it: handed in, so that tests own it. */
export interface Clock {
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  monotonic(): number;
  /** Wall time, for what people read and for nothing else. */
  now(): Date;
  /** Resolves after so many milliseconds, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
