/** A cutover's result in words. */
import { formatBytes, formatDuration, formatPlural } from '../../../src/ui/format.ts';
import { verificationTitle } from '../run/results/verification.ts';
import type { Pass } from './passes.ts';
import type { CutoverResult } from './result.ts';

const ms = (seconds: number): string => formatDuration(seconds * 1000);

export function describeCutover(result: CutoverResult): string {
  const { task, source, target, passes, goalSeconds, verification, leftOut, targetPath } = result;
  const { stopped, started, leftStopped } = result;
  return [
    `Cut over${leftOut.length > 0 ? ' in part' : ''}: ${source} → ${target}, ${pauseText(result)}`,
    ...passes.map(
      (pass, index) =>
        `  copy ${index + 1}       ${describePass(pass)}${index === passes.length - 1 ? ', while it stood still' : ''}`,
    ),
    `  goal         ${ms(goalSeconds)} for a copy`,
    ...(verification ? [`  ${verificationTitle(verification)}`] : ['  not verified']),
    ...leftOut.map((what) => `  left out     ${what}`),
    ...(targetPath === undefined ? [] : [`  files in     folder ${targetPath} of the target's volume`]),
    `  stopped      ${stopped.join(', ') || 'nothing'}`,
    `  started      ${started.join(', ') || 'nothing'}`,
    ...leftStopped.map((what) => `  left stopped ${what} of the source: nothing of its name was started`),
    `  task         ${task}`,
  ].join('\n');
}

function pauseText({ stopped, started, downtimeSeconds, standsStillSeconds }: CutoverResult): string {
  if (stopped.length === 0) return 'nothing had to be stopped';
  if (started.length === 0)
    return standsStillSeconds === undefined
      ? 'nothing was started; when it was stopped is not known'
      : `stopped ${ms(standsStillSeconds)} ago, and nothing was started`;
  if (downtimeSeconds !== undefined) return `${ms(downtimeSeconds)} of downtime`;
  return 'its downtime is not known: an earlier run had stopped it, and when that was, or when it was ready, was not seen';
}

function describePass({ seconds, files, bytes }: Pass): string {
  // Only devices have bytes without files.
  const what = files === 0 && bytes > 0 ? '' : `${formatPlural(files, 'file')}, `;
  return `${ms(seconds)}: ${what}${formatBytes(bytes)}`;
}
