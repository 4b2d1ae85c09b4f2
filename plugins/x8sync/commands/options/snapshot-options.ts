/** `--snapshot`, `--clone`, `--snapshot-class`: the source is copied as it was at one moment. */
import { option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { SnapshotWish } from '../../snapshot/frozen-source.ts';

const group = 'Copy of one moment';

export const snapshotOption = () =>
  option.flag('--snapshot', {
    group,
    description: 'Make a VolumeSnapshot of the source, copy from it, and delete it.',
  });

export const snapshotClassOption = () =>
  option.text('--snapshot-class', {
    group,
    value: 'NAME',
    description:
      "VolumeSnapshotClass of --snapshot; else the default of the volume's driver, or its only one.",
  });

export const cloneOption = () =>
  option.flag('--clone', {
    group,
    description: 'Make a clone of the source claim (CSI), copy from it, and delete it.',
  });

export interface SnapshotFlags {
  readonly snapshot: boolean;
  readonly snapshotClass: string | undefined;
  readonly clone: boolean;
  readonly cutover: boolean;
}

/** @throws UsageError where flags contradict each other. */
export function snapshotWishOf({
  snapshot,
  snapshotClass,
  clone,
  cutover,
}: SnapshotFlags): SnapshotWish | undefined {
  if (snapshot && clone)
    throw new UsageError('--snapshot and --clone are two ways to the same: give one of them');
  if (!snapshot && snapshotClass !== undefined)
    throw new UsageError('--snapshot-class belongs to --snapshot');
  if (cutover && (snapshot || clone))
    throw new UsageError('--cutover stops the workload for the last copy, which needs no snapshot');
  if (snapshot) return { method: 'snapshot', snapshotClass };
  return clone ? { method: 'clone' } : undefined;
}
