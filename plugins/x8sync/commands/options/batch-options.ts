/** `--all`, `--selector`, `--filename`: many claims at once. `--create-target`: claims that are not there yet. */
import { readFileSync } from 'node:fs';
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { UsageError } from '../../../../src/errors.ts';
import { unreadableFile } from '../../../../src/given-file.ts';
import { isNamespaceName } from '../../../../src/kube/api/object-name.ts';
import { persistentVolumeClaims } from '../../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import type { BatchItem } from '../../batch/batch.ts';
import { claimKey, conflictAmong, type Place, type PlacedCopy } from '../../batch/conflicts.ts';
import type { ListedCopy } from '../../batch/list-file.ts';
import { type ClaimRef, describeClaim } from '../../claims/claim.ts';
import { parseClaim } from '../../claims/claim-ref.ts';
import { createTarget, parseAccessMode, parseSize, type TargetWishes } from '../../claims/create-target.ts';
import { tool } from '../../objects/sides.ts';
import type { CopyContext } from '../../run/request/request.ts';
import type { BatchFlags } from './batch-flags.ts';
import { copyRequestOf } from './copy-request.ts';
import { requireOverwritable } from './cutover-options.ts';
import { withListedOptions } from './listed-options.ts';
import { claimOf } from './pair-options.ts';

const group = 'Many claims';
const targetGroup = 'New target claims';

export const allOption = () =>
  option.flag('--all', {
    group,
    description:
      'Copy every claim of a namespace to the claim of its name: SOURCE and TARGET are [CONTEXT/]NAMESPACE.',
  });

export const selectorOption = () =>
  option.text('-l,--selector', {
    group,
    value: 'LABELS',
    description: 'As --all, of claims with these labels only.',
  });

export const filenameOption = () =>
  option.text('-f,--filename', {
    group,
    value: 'FILE',
    description:
      'Copy what this file lists, YAML or JSON: source, target, and options of each by the names of flags.',
  });

export const maxTasksOption = () =>
  option.integer('--max-tasks', { group, default: 2, min: 1, description: 'How many are copied at a time.' });

export const createTargetOption = () =>
  option.flag('--create-target', {
    group: targetGroup,
    description: "Make target claims that are missing in the source's likeness.",
  });

export const storageClassOption = () =>
  option.text('--storage-class', {
    group: targetGroup,
    value: 'NAME',
    description: "Their storage class; else the source's where the cluster has it, or the cluster's default.",
  });

export const sizeOption = () =>
  option.text('--size', {
    group: targetGroup,
    value: 'SIZE',
    description: "Their size; else the source's, and more where it uses more.",
  });

export const accessModeOption = () =>
  option.list('--access-mode', {
    group: targetGroup,
    value: 'MODE',
    description: "Their access modes (ReadWriteOnce or RWO, …); else the source's.",
  });

export const growTargetOption = () =>
  option.flag('--grow-target', {
    description: 'Make a target claim that is too small larger, where its storage class allows it.',
  });

type Pair = Readonly<Record<'source' | 'target', ClaimRef>>;

/** Whether the flags ask for more than one pair. @throws UsageError where they contradict each other. */
export function isBatch(flags: BatchFlags): boolean {
  const { all, selector, filename, source, target, name, cutover } = flags;
  const isNamespace = all || selector !== undefined;
  if (!isNamespace && filename === undefined) {
    const missing = [source === undefined && 'SOURCE', target === undefined && 'TARGET'].filter(Boolean);
    if (missing.length > 0)
      throw new UsageError(`${missing.join(' and ')} missing`, {
        hint: 'kubectl x8sync SOURCE TARGET, or -f FILE; --help shows more',
      });
    return false;
  }
  if (isNamespace && filename !== undefined)
    throw new UsageError('--all and --selector choose claims of a namespace, and --filename lists them');
  if (filename !== undefined && source !== undefined)
    throw new UsageError('sources and targets stand in the file: give no others beside --filename');
  if (isNamespace && (source === undefined || target === undefined))
    throw new UsageError('two namespaces are missing: [CONTEXT/]NAMESPACE of the source and of the target');
  if (name !== undefined) throw new UsageError('--name names one task, and each claim has its own');
  if (cutover) throw new UsageError('--cutover is for one claim at a time');
  if (flags.detach) throw new UsageError('--detach is for one claim at a time');
  if (flags.every !== undefined) throw new UsageError('--every is for one claim at a time');
  return true;
}

/** How target claims are made that are missing; undefined where they are not to be. */
export function targetWishes(flags: BatchFlags): TargetWishes | undefined {
  const { createTarget: isWished, storageClass, size, accessMode, dryRun } = flags;
  const isLimited = storageClass !== undefined || size !== undefined || accessMode.length > 0;
  if (!isWished && isLimited)
    throw new UsageError('--storage-class, --size and --access-mode belong to --create-target');
  if (!isWished) return undefined;
  if (dryRun) throw new UsageError('--create-target makes a claim, and --dry-run makes nothing');
  return {
    storageClass,
    size: size === undefined ? undefined : parseSize(size),
    accessModes: accessMode.length > 0 ? accessMode.map(parseAccessMode) : undefined,
  };
}

/**
 * Makes the target claim where that is wished and it is missing.
 *
 * @returns whether it is there as large as the source's now, by this run and by nobody's wish: so it may grow.
 */
export async function ensureTarget(
  { source, target }: Pair,
  wishes: TargetWishes | undefined,
  { reporter, signal }: Pick<CopyContext, 'reporter' | 'signal'>,
): Promise<boolean> {
  if (!wishes) return false;
  const made = await createTarget(source, target, wishes, signal);
  if (!made) return false;
  const { storageClassName, resources } = made.claim.spec;
  const size = resources?.requests?.storage ?? '';
  reporter.info(
    `Claim ${describeClaim(target)} is made: ${[size, storageClassName].filter(Boolean).join(', ')}`,
  );
  if (made.leftOut.length > 0)
    reporter.info(
      `It does not bear the labels by which a controller would take it for its own, and may delete it: ${made.leftOut.join(', ')}`,
    );
  return wishes.size === undefined;
}

/** Copies all of them, a few at a time. */
export async function copyMany(flags: BatchFlags, context: KubeCommandContext): Promise<Outcome> {
  const copies = await itemsOf(flags, context);
  const conflict = conflictAmong(copies);
  if (conflict !== undefined) throw new UsageError(conflict, { hint: 'copy them one after the other' });
  const items = copies.map(({ item }) => item);
  if (flags.force && !flags.yes) await confirmAll(items, context);
  const [{ runBatch }, { batchError, describeBatch, documentOf }] = await Promise.all([
    import('../../batch/batch.ts'),
    import('../../batch/outcome.ts'),
  ]);
  const entries = await runBatch(items, flags.maxTasks, context);
  return {
    data: { ...documentOf(entries), warnings: context.reporter.warnings },
    text: describeBatch(entries),
    error: batchError(entries),
  };
}

async function confirmAll(items: readonly BatchItem[], { confirm }: KubeCommandContext): Promise<void> {
  const names = items.map(({ label }) => label.split(' → ')[1]).join(', ');
  if (await confirm(`Delete every file in ${names} before copying?`)) return;
  throw new UsageError('not confirmed; nothing was done', { hint: '--yes answers beforehand' });
}

/** A copy of many, and where it reads and writes. */
interface PlannedCopy extends PlacedCopy {
  readonly item: BatchItem;
}

async function itemsOf(flags: BatchFlags, context: KubeCommandContext): Promise<PlannedCopy[]> {
  if (flags.filename !== undefined) return listedItems(flags, flags.filename, context);
  const pairs = await pairsOfNamespaces(flags, context);
  return Promise.all(pairs.map((pair) => planned(flags, pair, describeClaim(pair.source), context)));
}

/** Every claim of the source's namespace that the selector lets through, with the one of its name. */
async function pairsOfNamespaces(flags: BatchFlags, { kube, signal }: KubeCommandContext): Promise<Pair[]> {
  const [from, to] = await Promise.all(
    [flags.source, flags.target].map(async (text = '') => {
      const { context, namespace } = parseNamespace(text);
      return { kube: await kube(context), namespace };
    }),
  );
  if (!from || !to) return [];
  const labelSelector = flags.selector;
  const { items } = await from.kube.list(persistentVolumeClaims, {
    namespace: from.namespace,
    labelSelector,
    signal,
  });
  // What a task has made of its source lives as long as that task.
  const claims = items.filter(({ metadata }) => metadata.labels?.[Label.managedBy] !== managerOf(tool));
  if (claims.length === 0)
    throw new UsageError(
      `namespace ${from.namespace} of ${from.kube.cluster.context} has no claim${labelSelector ? ` with ${labelSelector}` : ''}`,
    );
  return claims.map(({ metadata: { name: claim } }) => ({
    source: { ...from, claim },
    target: { ...to, claim },
  }));
}

/** `[CONTEXT/]NAMESPACE`; a context's name may hold slashes. */
function parseNamespace(text: string): { readonly context: string | undefined; readonly namespace: string } {
  const parts = text.split('/');
  const namespace = parts.pop() ?? '';
  const context = parts.length > 0 ? parts.join('/') : undefined;
  if (!isNamespaceName(namespace) || context === '')
    throw new UsageError(`${JSON.stringify(text)} is not [CONTEXT/]NAMESPACE`);
  return { context, namespace };
}

async function listedItems(
  flags: BatchFlags,
  file: string,
  context: KubeCommandContext,
): Promise<PlannedCopy[]> {
  const { parseList } = await import('../../batch/list-file.ts');
  const listed = parseList(readText(file), file === '-' ? 'standard input' : file);
  return Promise.all(listed.map((copy) => listedItem(flags, copy, context)));
}

async function listedItem(
  flags: BatchFlags,
  copy: ListedCopy,
  context: KubeCommandContext,
): Promise<PlannedCopy> {
  const own = withListedOptions(flags, copy);
  if (own.force && !flags.yes && !flags.force)
    throw new UsageError(`${copy.where}: force empties a target, so --yes has to be given with the file`);
  const [source, target] = await Promise.all([
    claimOf(parseClaim(copy.source, 'SOURCE'), context.kube, flags.namespace),
    claimOf(parseClaim(copy.target, 'TARGET'), context.kube, flags.namespace),
  ]);
  return planned(own, { source, target }, copy.where, context);
}

async function planned(
  flags: BatchFlags,
  pair: Pair,
  where: string,
  { plugin }: KubeCommandContext,
): Promise<PlannedCopy> {
  const request = await copyRequestOf(flags, pair, plugin.version);
  const wishes = targetWishes(flags);
  const { sourcePath = '', targetPath = '' } = request.selection ?? {};
  const [source, target] = [placeOf(pair.source, sourcePath), placeOf(pair.target, targetPath)];
  const item = {
    label: `${describeClaim(pair.source)} → ${describeClaim(pair.target)}`,
    key: claimKey(target),
    copy: async (context: CopyContext) => {
      const [{ copy }, { finishedBefore }] = await Promise.all([
        import('../../run/copy/copy.ts'),
        import('../../run/copy/finished-before.ts'),
      ]);
      const skipped = await finishedBefore(request, context);
      if (skipped !== undefined) return { skipped };
      await requireOverwritable(request, context);
      const targetIsMade = await ensureTarget(pair, wishes, context);
      return copy({ ...request, targetIsMade }, context);
    },
  };
  return { where, source, target, item };
}

function placeOf({ kube, namespace, claim }: ClaimRef, folder: string): Place {
  return { server: kube.cluster.server, namespace, claim, folder };
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw unreadableFile('--filename', file, error);
  }
}
