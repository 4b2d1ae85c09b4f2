/** Pauses in long work, so that the process can serve others. */

/** Resolves after the events that are waiting now were handled. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
