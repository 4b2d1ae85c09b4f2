/** What was looked at before the first copy, and what came of it. */
export interface Finding {
  readonly cluster: string;
  readonly check: string;
  /** `note`: it is worth knowing, or could not be told; `denied`: the cluster does not allow it. */
  readonly verdict: 'ok' | 'note' | 'failed' | 'denied';
  readonly message: string;
}
