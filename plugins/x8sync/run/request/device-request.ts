/** What of a request means something for a block device, which has neither files nor folders. */
import { UsageError } from '../../../../src/errors.ts';
import { type Deletes, emptiesTarget, wholeVolumes } from '../../mover/protocol/options.ts';
import type { CopyRequest } from './request.ts';

/** @throws UsageError names every option that is about files. */
export function checkDeviceRequest(request: CopyRequest): void {
  const flags = fileFlags(request);
  if (flags.length === 0) return;
  throw new UsageError(`${flags.join(', ')}: that is for files, and the source is a block volume`, {
    hint: 'a device is copied as it is, from its first byte to its last one; leave them out',
  });
}

function fileFlags(request: CopyRequest): string[] {
  const {
    selection = wholeVolumes,
    deletes = 'nothing',
    parallel = {},
    compress = 'auto',
    pods = 1,
  } = request;
  const has = (action: string) => selection.filters.some((rule) => rule.action === action);
  const given: readonly (readonly [flag: string, isGiven: boolean])[] = [
    ['--force', emptiesTarget(request.mode)],
    ['--checksum', request.checksum],
    ['--source-path', selection.sourcePath !== ''],
    ['--target-path', selection.targetPath !== ''],
    ['--exclude', has('exclude')],
    ['--include', has('include')],
    ['--delete', deletes !== 'nothing' && !request.cutover],
    ['--chown', request.owner !== undefined],
    ['--on-collision', request.onCollision === 'skip'],
    ['--trusted-xattrs', request.trustedXattrs],
    ['--fs-group', request.fsGroup !== undefined],
    ['--pods', pods !== 1],
    ['--partitions', parallel.partitions !== undefined],
    ['--partition-files', parallel.partitionFiles !== undefined],
    ['--partition-size', parallel.partitionBytes !== undefined],
    ['--compress', compress === 'lz4' || compress === 'zstd'],
  ];
  return given.filter(([, isGiven]) => isGiven).map(([flag]) => flag);
}

/** How much of what a target device holds may be overwritten: all of it once a person has agreed, else not most of it. */
export function deviceDeletes({ confirmed = false, deletes }: CopyRequest): Deletes {
  return confirmed || deletes === 'all' ? 'all' : 'half';
}
