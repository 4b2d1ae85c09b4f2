/** The command line of a `watch` that goes on without a terminal. */

/** The same arguments without what has been dealt with: going to the background, and taking over. */
export function withoutTerminal(args: readonly string[]): string[] {
  const isTaken = (index: number) => args[index] === '--take-over';
  return args.filter(
    (arg, index) =>
      arg !== '--background' && !arg.startsWith('--take-over=') && !isTaken(index) && !isTaken(index - 1),
  );
}
