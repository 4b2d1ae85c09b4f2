/** Changes of what is written to some replicas: JSON patches by selector. */
import { applyPatch, type Operation } from 'rfc6902';
import { UsageError, X8sError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { compileGlobs } from '../rules/glob.ts';
import type { Override } from '../rules/rule.ts';
import { matches } from '../rules/selector.ts';
import type { Draft } from './draft.ts';

export interface CompiledOverride {
  readonly override: Override;
  /** Whether it is meant for this object of the primary on this replica. */
  applies(object: KubeObject, replica: string): boolean;
}

/** Keys that the library for JSON patches steps over, or leaves out, without a word. */
const unpatchable = ['__proto__', 'constructor', 'prototype'];

/** @throws {UsageError} a patch names a key that would not arrive */
function checkKeys(operation: Operation): void {
  const paths = [operation.path, 'from' in operation ? operation.from : ''];
  const named = paths.flatMap((path) => path.split('/'));
  const found =
    unpatchable.find((key) => named.includes(key)) ??
    ('value' in operation && holdsKey(operation.value, '__proto__') ? '__proto__' : undefined);
  if (found !== undefined)
    throw new UsageError(`An override can't change what is called ${JSON.stringify(found)}.`, {
      hint: 'Objects with such keys are copied as they are; only overrides of these keys are not possible.',
    });
}

const holdsKey = (value: unknown, key: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.hasOwn(value, key) || Object.values(value).some((inner) => holdsKey(inner, key)));

/** Compiles an override. Throws UsageError on a bad glob, or a key that can't be patched. */
export function compileOverride(override: Override): CompiledOverride {
  override.patch.forEach(checkKeys);
  const [replicas, kinds, namespaces, names] = [
    override.replicas,
    override.kinds,
    override.namespaces,
    override.names,
  ].map(compileGlobs);
  const group = override.group === '' ? (name: string) => name === '' : compileGlobs([override.group]);
  return {
    override,
    applies: ({ apiVersion = '', kind = '', metadata }, replica) =>
      !!replicas?.(replica) &&
      !!kinds?.(kind) &&
      group(apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '') &&
      !!namespaces?.(metadata.namespace ?? '') &&
      !!names?.(metadata.name) &&
      matches(override.selector, metadata.labels),
  };
}

/**
 * Patches a draft in place. What an object is called may not be changed: its copy could not be found again.
 * @throws {X8sError} where the patch does not fit the object
 */
export function override(draft: Draft, patches: readonly Override[]): void {
  const { apiVersion, kind } = draft;
  const { name, namespace } = draft.metadata;
  for (const { patch } of patches) {
    const problems = applyPatch(draft, structuredClone([...patch]));
    const index = problems.findIndex((error) => error !== null);
    const problem = problems[index];
    if (problem) {
      // The message of a test that failed quotes both values, and they may be a Secret's.
      const why = problem.name === 'TestError' ? `the test of ${patch[index]?.path} failed` : problem.message;
      throw new X8sError(`An override does not fit ${kind} ${namespace ?? ''}/${name}: ${why}.`, {
        hint: 'Narrow it by kinds, names or selector, or use "add", which also replaces.',
      });
    }
  }
  const { metadata } = draft;
  if (
    draft.apiVersion !== apiVersion ||
    draft.kind !== kind ||
    metadata.name !== name ||
    metadata.namespace !== namespace
  )
    throw new X8sError(`An override would rename ${kind} ${namespace ?? ''}/${name}.`, {
      hint: 'Use --map to put a namespace under another name.',
    });
}
