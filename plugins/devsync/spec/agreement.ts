/**
 * Whether a sync is still what a person has agreed to on this workstation. Whoever may write ConfigMaps could have it
 * send other files, or take what would run here; so what the cluster says is run only where it says the same as then.
 */

import { inFull } from '../../../src/plain-text.ts';
import { canonicalJson, diffSpecs } from '../../../src/tasks/spec.ts';
import { warningsOn } from './explain.ts';
import { reloadDigest } from './reload-spec.ts';
import { asSpec, type SyncSpec } from './spec.ts';
import type { Registered } from './workstation.ts';

/** What nobody has agreed to here. */
export interface Disagreement {
  /** Field by field, from what was agreed to; every field where nothing was. */
  readonly changes: readonly string[];
  /** What of the sync, as the cluster has it, is more than files that are kept the same. */
  readonly warnings: readonly string[];
}

/**
 * Undefined where the specification is the one that was agreed to.
 *
 * @param known what this workstation keeps of the sync; undefined where it was not made here
 */
export function disagreementOn(spec: SyncSpec, known: Registered | undefined): Disagreement | undefined {
  if (known !== undefined && known.agreed === undefined) return unlessKnownBefore(spec, known);
  const changes = diffSpecs(comparable(known?.agreed), comparable(spec)).map(inFull);
  return changes.length === 0 ? undefined : { changes, warnings: warningsOn(spec) };
}

/** Of a version that kept nothing but a digest of the reload rules: the rest stands, where there is nothing to warn of. */
function unlessKnownBefore(spec: SyncSpec, { path, reload }: Registered): Disagreement | undefined {
  const { reload: _, ...rest } = spec;
  const warnings = warningsOn(reload === reloadDigest(spec.reload) ? rest : spec);
  const changes = diffSpecs({ local: { path } }, { local: { path: spec.local.path } }).map(inFull);
  return warnings.length + changes.length === 0 ? undefined : { changes, warnings };
}

/** As both versions of this plugin would read it, without what is known only once it was made. */
function comparable(value: unknown): unknown {
  let spec: SyncSpec;
  try {
    spec = asSpec(value);
  } catch {
    return undefined;
  }
  const { workstation, path } = spec.local;
  return JSON.parse(canonicalJson({ ...spec, local: { workstation, path } }));
}
