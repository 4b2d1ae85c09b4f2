/** What a failure that is not tried again by itself waits for. Pure. */

/** Deletions that were stopped, and copies that were made from another primary. */
const approvable: readonly string[] = ['brake', 'other-primary'];

/** Whether an approval lets it go on, and a retry would only fail again. */
export const waitsForApproval = (reason: string | undefined): boolean =>
  reason !== undefined && approvable.includes(reason);
