/** Moments of a copy as its plain output tells them, for tests that end it there. */

/** One line for each of the eight steps; what is made by then differs from one to the next. */
export const steps: readonly (readonly [step: string, line: RegExp])[] = [
  ['the source claim is checked', /Check the source claim …/],
  ['the target claim is checked', /Done: Target /],
  ['the name is taken at the target', /Task [a-z0-9-]+\n/],
  ['the name is taken in the source cluster', /Done: Task in \S+ /],
  ['the source is about to be served', /Serve the source over SSH …/],
  ['the mover is started', /Done: Mover /],
  ['the files are copied', /Copy the files …/],
  ['it cleans up', /Clean up …/],
];
