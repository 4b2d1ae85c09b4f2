/** What a person should know of an object before it is copied. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { groupKind, items } from './draft.ts';

/** A remark that follows the object's name; undefined where there is nothing to say. */
export function remarkOn(object: KubeObject): string | undefined {
  if (groupKind(object) !== 'Job.batch') return undefined;
  const isFinished = items(object, 'status', 'conditions').some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return isFinished ? 'finished on the primary, and runs once on each replica all the same' : undefined;
}
