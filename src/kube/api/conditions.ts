/** What an object says of itself in its conditions (`meta/v1.Condition` and its older relatives). Pure. */
import type { Condition } from './objects.ts';

/** Any object that has conditions, or may come to have some. */
interface Conditioned<C extends Condition = Condition> {
  readonly status?: { readonly conditions?: readonly C[] | undefined } | undefined;
}

/** The condition of this type, whatever its status; undefined where nothing is said. */
export const conditionOf = <C extends Condition>(
  object: Conditioned<C> | undefined,
  type: string,
): C | undefined => object?.status?.conditions?.find((condition) => condition.type === type);

/** The first condition of one of these types that is `True`. */
export const metCondition = (
  object: Conditioned | undefined,
  types: readonly string[],
): Condition | undefined =>
  object?.status?.conditions?.find(({ type, status }) => status === 'True' && types.includes(type));

/** Whether the condition of this type is `True`. */
export const isMet = (object: Conditioned | undefined, type: string): boolean =>
  metCondition(object, [type]) !== undefined;

/** How a Job has ended: its condition `Complete` or `Failed`; undefined while it goes on (k8s.io/api/batch/v1). */
export const jobEnd = (job: Conditioned | undefined): Condition | undefined =>
  metCondition(job, ['Complete', 'Failed']);
