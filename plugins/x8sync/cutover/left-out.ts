/** What of a source does not go over with its workload, by a person's own wish: it is said before, and in the end. Pure. */
import type { CopyRequest } from '../run/request/request.ts';

/** A text each; none where all of the source goes over. */
export function leftOutOf({
  selection,
  onCollision,
}: Pick<CopyRequest, 'selection' | 'onCollision'>): string[] {
  const { sourcePath = '', filters = [] } = selection ?? {};
  const patterns = (action: 'include' | 'exclude') =>
    filters.flatMap((rule) => (rule.action === action ? [rule.pattern] : [])).join(', ');
  const [left, kept] = [patterns('exclude'), patterns('include')];
  return [
    ...(sourcePath === '' ? [] : [`all that is outside of folder ${sourcePath} (--source-path)`]),
    ...(left === '' ? [] : [`what fits ${left}${kept === '' ? '' : `, and not ${kept}`} (your patterns)`]),
    ...(onCollision === 'skip'
      ? ['names that the target does not tell apart, but the first (--on-collision skip)']
      : []),
  ];
}

/** Where in the target's volume the files are, where that is not its root: what starts there mounts the volume. */
export const placedIn = ({ selection }: Pick<CopyRequest, 'selection'>): string | undefined =>
  selection?.targetPath || undefined;

/** What is said of both before anything is copied; none where all goes over as it is. */
export function leftOutWarnings(request: Pick<CopyRequest, 'selection' | 'onCollision'>): string[] {
  const left = leftOutOf(request);
  const folder = placedIn(request);
  return [
    ...(left.length > 0
      ? [`Not all of the source goes over with its workload; left out: ${left.join('; ')}.`]
      : []),
    ...(folder === undefined
      ? []
      : [
          `The files go to folder ${folder} of the target's volume (--target-path): what starts there has to look for them in it.`,
        ]),
  ];
}
