/** The image that runs at both ends of a copy. */

/** Its name without a tag; this is the one place that names it. */
export const moverRepository = 'x8s.dev/mover';

/** The image of this version of the plugin. */
export function moverImage(version: string): string {
  return `${moverRepository}:${version}`;
}

/** What a pod of that image runs. */
export function moverCommand(...args: readonly string[]): string[] {
  return ['/usr/local/bin/x8s-mover', ...args];
}
