/** The live view of a task, as lines. Pure. What comes from clusters brings no control characters along. */
import { formatAge, formatPlural } from '../../../../src/ui/format.ts';
import type { Line, Span } from '../../../../src/ui/live-lines.ts';
import { padTo, widthOf } from '../../../../src/ui/width.ts';
import type { JobRecord } from '../../jobs/records.ts';
import { waitsForApproval } from '../../jobs/waits-for.ts';
import { describe, keyOf } from '../../objects/keys.ts';
import type { ReplicaStatus, TaskStatus } from '../../state/state.ts';
import { standing } from '../output/status-text.ts';
import { changeText } from './change.ts';
import type { ChangeLog } from './change-log.ts';

export interface LiveTaskView {
  /** Undefined: the work has not begun, or another instance is at work. */
  readonly status: TaskStatus | undefined;
  /** What fails, as far as it has a record of its own. */
  readonly failed: readonly JobRecord[];
  readonly changes: Pick<ChangeLog, 'last' | 'lastOn' | 'rate'>;
}

export interface RenderOptions {
  readonly rows: number;
  readonly now: Date;
}

/** Failures that are shown of all, and changes. */
const [MOST_FAILURES, MOST_CHANGES] = [5, 5];

/** @returns at most so many lines as there is room for: replicas first, then what fails, then the last changes */
export function renderTask({ status, failed, changes }: LiveTaskView, { rows, now }: RenderOptions): Line[] {
  if (!status) return [line(faint('waiting for the work to begin …'))];
  const names = Math.max(0, ...status.replicas.map(({ name }) => widthOf(name)));
  const lines = [
    headLine(status),
    ...status.replicas.map((replica) => replicaLine(replica, names, changes)),
    ...status.replicas.flatMap(stoppedLines),
    ...failureLines(failed, status),
    ...changes.last
      .slice(0, MOST_CHANGES)
      .map((change) => line(faint(`  ${changeText(change)}  ${ageOf(change.at, now)}`))),
  ];
  return lines.slice(0, rows);
}

function headLine({ task, phase, primary, objects, kinds }: TaskStatus): Line {
  const trouble = primary.problem === undefined ? '' : `  ${primary.name} can't be read: ${primary.problem}`;
  return line(
    { text: `${task}: ` },
    { text: phase, tone: phase === 'Watching' ? 'good' : 'caution' },
    {
      text: `, ${formatPlural(objects, 'object')} of ${formatPlural(kinds.length, 'kind')} from ${primary.name}`,
    },
    { text: trouble, tone: 'bad' },
  );
}

function replicaLine(replica: ReplicaStatus, names: number, changes: LiveTaskView['changes']): Line {
  const { name, away, failed, running, retrying } = replica;
  const queue = [
    running > 0 ? `${running} under way` : '',
    retrying > 0 ? `${retrying} to be tried again` : '',
  ].filter((part) => part !== '');
  const rate = changes.rate(name);
  const last = changes.lastOn(name);
  const figures = [
    ...queue,
    ...(rate > 0 ? [`${rate < 10 ? rate.toFixed(1) : rate.toFixed(0)}/s`] : []),
    ...(last ? [`last ${last.did} ${describe(last.key)}`] : []),
  ];
  return line(
    { text: `  ${padTo(name, names)}  ` },
    { text: away === undefined ? standing(replica) : `away: ${away}`, tone: toneOf(replica) },
    faint(figures.length === 0 ? '' : ` · ${figures.join(' · ')}`),
    { text: failed === 0 ? '' : ` · ${failed} failing`, tone: 'bad' },
  );
}

function toneOf({ away, failed, behind, uncompared = 0 }: ReplicaStatus): 'good' | 'caution' | 'bad' {
  if (away !== undefined || failed > 0) return 'bad';
  return behind.pending > 0 || uncompared > 0 ? 'caution' : 'good';
}

function stoppedLines({ name, deletionsStopped, waiting }: ReplicaStatus): Line[] {
  if (deletionsStopped === undefined) return [];
  const count = waiting ? `, ${formatPlural(waiting.count, 'object')} wait` : '';
  return [
    line({
      text: `  ! ${name}: deletions are stopped${count}: ${deletionsStopped}; \`approve\``,
      tone: 'caution',
    }),
  ];
}

/** One by one as far as they are known so, and the others by their number. */
function failureLines(failed: readonly JobRecord[], { failures }: TaskStatus): Line[] {
  const inAll = failures.reduce((sum, { count }) => sum + count, 0);
  const shown = failed.slice(0, MOST_FAILURES);
  const more = inAll - shown.length;
  return [
    ...shown.map(({ replica, kind, namespace = '', name, reason, message = '', parked }) =>
      line(
        { text: `  ✗ ${describe(keyOf(kind, namespace, name))} on ${replica}: ${reason}`, tone: 'bad' },
        faint(
          `${parked ? ` (waits for \`${waitsForApproval(reason) ? 'approve' : 'retry'}\`)` : ''} ${message}`,
        ),
      ),
    ),
    ...(more > 0 ? [line(faint(`    and ${more} more fail: \`jobs --failed\``))] : []),
  ];
}

const ageOf = (at: Date, now: Date): string => `${formatAge(now.getTime() - at.getTime())} ago`;

/** What a terminal obeys: escape sequences, line feeds, marks that turn the writing direction. */
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

const line = (...spans: Span[]): Line =>
  spans
    .filter(({ text }) => text !== '')
    .map((span) => ({ ...span, text: span.text.replaceAll(steering, ' ') }));

const faint = (text: string): Span => ({ text, tone: 'faint' });
