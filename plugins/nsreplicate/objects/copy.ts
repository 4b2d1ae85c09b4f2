/** From an object of the primary to what a replica should have: the one way, for every mode and command. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Rule } from '../rules/rule.ts';
import { isAsApplied } from './as-applied.ts';
import { appliesWhole, carriesStatus, mainPart, statusPart } from './carry.ts';
import { digestOf, digestOfText } from './digest.ts';
import { type Draft, groupKind } from './draft.ts';
import { mapNamespaces, type NamespaceMap } from './mapping.ts';
import { type CompiledOverride, override } from './overrides.ts';
import { nextOrigin, type Origin, provenanceOf, writeProvenance } from './provenance.ts';
import { type SanitiseContext, sanitise, sanitisedText } from './sanitise.ts';
import { holdBack, isHeldKind } from './standby.ts';

/** What shapes the copies of one task. */
export interface Shaping extends SanitiseContext {
  readonly task: string;
  /** UID of the primary's kube-system namespace. */
  readonly primary: string;
  readonly map: NamespaceMap;
  readonly overrides: readonly CompiledOverride[];
  /** Keys the digests of Secrets. */
  readonly key: Uint8Array;
  /** Whether a replica, by its name, is a standby: workloads are held there. */
  readonly isStandby?: ((replica: string) => boolean) | undefined;
}

/** A replica as far as shaping is concerned. */
export interface Destination {
  readonly name: string;
  /** UID of its kube-system namespace. */
  readonly cluster: string;
}

/** What the replica should have. */
export interface DesiredCopy {
  readonly digest: string;
  readonly origin: Origin;
}

/** What one replica should have of one object. */
export interface Copy extends DesiredCopy {
  /** To apply; bears provenance where the copy is ours. Undefined: only the status is carried. */
  readonly main: Draft | undefined;
  readonly status: Draft | undefined;
  /** Digest of the status part; empty where none is carried. */
  readonly statusDigest: string;
}

/**
 * Sanitises, maps, overrides, holds, carries and writes the provenance, in that order. The digest is over all but the provenance.
 * @param known the digest, where it is known already
 * @throws {X8sError} where an override does not fit
 */
export function copyOf(
  object: KubeObject,
  rule: Rule,
  to: Destination,
  shaping: Shaping,
  known?: string,
): Copy {
  const draft = sanitise(object, shaping);
  mapNamespaces(draft, shaping.map);
  override(
    draft,
    shaping.overrides.filter((entry) => entry.applies(object, to.name)).map((entry) => entry.override),
  );
  if (appliesWhole(rule.carry) && shaping.isStandby?.(to.name)) holdBack(draft, object);
  const main = mainPart(draft, rule.carry);
  const digest = main ? (known ?? digestOf(main, shaping.key)) : '';
  const origin = originOf(object, to, shaping);
  if (main && appliesWhole(rule.carry)) writeProvenance(main, { origin, applied: digest, sequence: 0 });
  const status = statusPart(object, draft, rule.carry);
  return { digest, origin, main, status, statusDigest: status ? digestOf(status, shaping.key) : '' };
}

/**
 * The digest of an object's copies, where these are just what sanitising leaves of it: then none need be made to know that
 * a replica has it. Undefined: what a copy comes to be has to be looked at.
 */
export function plainDigest(object: KubeObject, rule: Rule, shaping: Shaping): string | undefined {
  const { carry } = rule;
  const isPlain = appliesWhole(carry) && !carriesStatus(carry);
  if (!isPlain || shaping.map.size > 0 || shaping.overrides.length > 0) return undefined;
  if (shaping.isStandby && isHeldKind(groupKind(object))) return undefined;
  return sanitisedDigest(object, shaping.key);
}

function sanitisedDigest(object: KubeObject, key: Uint8Array): string | undefined {
  const text = sanitisedText(object);
  return text === undefined ? undefined : digestOfText(text, object, key);
}

/** Whether an object's copies differ by replica: by an override, or since workloads are held on some of them. */
export function differsByReplica(
  object: KubeObject,
  destinations: readonly Destination[],
  { overrides, isStandby = () => false }: Shaping,
): boolean {
  const standbys = destinations.filter(({ name }) => isStandby(name)).length;
  const areSomeHeld = standbys > 0 && standbys < destinations.length && isHeldKind(groupKind(object));
  return (
    areSomeHeld ||
    overrides.some((override) => destinations.some(({ name }) => override.applies(object, name)))
  );
}

/** How one replica's objects are looked at. On a standby no autoscaler has a say: what is held there stays at 0. */
export const shapingOn = (replica: string, shaping: Shaping): Shaping =>
  shaping.isStandby?.(replica) ? { ...shaping, isAutoscaled: undefined } : shaping;

function originOf(object: KubeObject, to: Destination, { task, primary }: Shaping): Origin {
  const { namespace, uid = '' } = object.metadata;
  const inherited = provenanceOf(object)?.origin;
  return nextOrigin({ cluster: primary, task, namespace, uid, replica: to.cluster }, inherited);
}

/** Digest of what a replica has, to be compared with a copy's: over the same part, without provenance. */
export function liveDigest(object: KubeObject, rule: Rule, { key, isAutoscaled }: Shaping): string {
  const plain = appliesWhole(rule.carry) ? sanitisedDigest(object, key) : undefined;
  if (plain !== undefined) return plain;
  const part = mainPart(sanitise(object, { isAutoscaled }), rule.carry);
  return part ? digestOf(part, key) : '';
}

/** The same of what a server answered to a copy's being applied: as a rule it is what was applied. */
export function madeDigest(object: KubeObject, { main, digest }: Copy, rule: Rule, shaping: Shaping): string {
  // An override may set what sanitising takes out: then the two digests differ, though nothing else does.
  const plain = shaping.overrides.length === 0 && appliesWhole(rule.carry);
  return plain && main && isAsApplied(main, object) ? digest : liveDigest(object, rule, shaping);
}
