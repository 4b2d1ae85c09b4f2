/** Long work in a process that has others to serve. */

/** Resolves after the events that wait now were dealt with. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
