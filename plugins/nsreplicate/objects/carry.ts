/** The part of an object that a rule carries. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Carry } from '../rules/rule.ts';
import { at, type Draft, put } from './draft.ts';

/** A draft with nothing but the object's name. */
export function nameOnly({ apiVersion, kind, metadata }: KubeObject): Draft {
  const { name, namespace } = metadata;
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  };
}

/**
 * The fields of a sanitised object that go through the main resource; undefined where none do.
 * Named fields that the object does not have are left out, which releases them on the replica.
 */
export function mainPart(sanitised: Draft, carry: Carry): Draft | undefined {
  if (carry.what === 'whole') return sanitised;
  if (carry.what === 'status') return undefined;
  const part = nameOnly(sanitised);
  for (const path of carry.fields) {
    const value = at(sanitised, ...path);
    if (value !== undefined) put(part, path, structuredClone(value));
  }
  return part;
}

/** The status, for the status subresource; undefined where the rule does not carry it or there is none. */
export function statusPart(object: KubeObject, named: KubeObject, carry: Carry): Draft | undefined {
  if (!carriesStatus(carry) || object.status === undefined) return undefined;
  return { ...nameOnly(named), status: structuredClone(object.status) };
}

/** Whether the status goes over, beside whatever else does. */
export const carriesStatus = (carry: Carry): boolean => carry.what === 'status' || carry.status;

/** Whether copies under this rule are ours: made, marked as ours and pruned by us. */
export const appliesWhole = (carry: Carry): boolean => carry.what === 'whole';

/** Whether an object that the replica lacks is made: only where the rule carries enough to make one. */
export const makesObjects = (carry: Carry): boolean =>
  carry.what === 'whole' || (carry.what === 'fields' && carry.fields.some(({ length }) => length === 1));
