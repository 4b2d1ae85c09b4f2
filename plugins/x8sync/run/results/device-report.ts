/** What became of a block device, in words. */
import { formatBytes, formatCount, formatDuration, formatRate } from '../../../../src/ui/format.ts';
import { isDryRun, type Mode } from '../../mover/protocol/options.ts';
import type { DeviceReport } from '../../mover/protocol/protocol.ts';
import type { CopyResult } from '../request/request.ts';
import { verificationLines } from './verification.ts';

/** One line on what was done. */
export function deviceTitle({ sourceBytes, sentBytes, zeroedBytes }: DeviceReport, mode: Mode): string {
  const verb = isDryRun(mode) ? 'would be copied' : 'copied';
  const zeros = zeroedBytes > 0 ? `, ${formatBytes(zeroedBytes)} made zeros` : '';
  return `${formatBytes(sentBytes)} of ${formatBytes(sourceBytes)} ${verb}${zeros}`;
}

/** The summary that a person reads at the end. */
export function deviceLines(result: CopyResult, device: DeviceReport): string[] {
  const { source, target, seconds, task, mode } = result;
  const { sourceBytes, targetBytes, blocks, differing, sentBytes } = device;
  const rate = seconds > 0 && sentBytes > 0 ? `, ${formatRate(sentBytes / seconds)} over all` : '';
  const time = ` in ${formatDuration(seconds * 1000)}${rate}`;
  const more = targetBytes - sourceBytes;
  const isDry = isDryRun(mode);
  return [
    `${headline(result, device)} ${source} → ${target}${isDry ? ', nothing was changed' : time}`,
    `  device       ${deviceTitle(device, mode)}`,
    `  compared     ${formatCount(blocks)} blocks by digest, ${formatCount(differing)} of them differed`,
    ...(more > 0 ? [`  kept         the last ${formatBytes(more)} of the target, which is larger`] : []),
    ...verificationLines(result),
    ...(isDry ? [] : [`  task         ${task}`]),
  ];
}

function headline({ outcome, mode }: CopyResult, { differing }: DeviceReport): string {
  if (isDryRun(mode)) return 'Dry run:';
  if (outcome === 'differs') return 'Copied, and not the same:';
  return differing > 0 ? 'Copied:' : 'Already the same by digest:';
}
