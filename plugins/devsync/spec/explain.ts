/** What a sync does, in the lines that a person agrees to: whole, and with nothing hidden. */
import { inFull } from '../../../src/plain-text.ts';
import { isTwoWay } from '../reconcile/reconcile.ts';
import { ruleText } from './reload-spec.ts';
import type { SyncSpec } from './spec.ts';

const arrows = { both: '⇄', toContainer: '→', toLocal: '←' };

/** Where files go, and below that what of it is more than files that are kept the same. */
export function explainSync(name: string, spec: SyncSpec): string[] {
  const { target, local, remote, mode, from } = spec;
  const arrow = isTwoWay(mode) ? arrows.both : from === 'local' ? arrows.toContainer : arrows.toLocal;
  const pods =
    target.pod === undefined
      ? `${target.everyPod ? 'all ' : ''}pods ${target.selector}`
      : `pod ${target.pod}`;
  const wins = mode === 'two-way-resolved' ? `, ${from} wins` : '';
  return [
    inFull(`${name}: ${local.path} ${arrow} ${remote} in ${pods} (${mode}${wins})`),
    ...warningsOn(spec).map((words) => `  ${words}`),
  ];
}

/** What of a sync is more than files that are kept the same. */
export function warningsOn({ reload, takeGit, scan }: SyncSpec): string[] {
  return [
    ...(reload?.rules ?? []).map((rule) => `reloads in the container: ${inFull(ruleText(rule))}`),
    ...(takeGit ? ['.git and its like come from the container: their hooks would run here'] : []),
    ...(scan.symlinks === 'raw' ? ['links may lead out of the directory'] : []),
  ];
}

/** The same files, with nothing that {@link warningsOn} tells of. */
export const withoutWarnings = ({ reload: _, scan, ...spec }: SyncSpec): SyncSpec => ({
  ...spec,
  takeGit: false,
  scan: scan.symlinks === 'raw' ? { ...scan, symlinks: 'portable' } : scan,
});
