/** The live view as lines. Names from a container are data: none of their control characters gets into a line. */
import { formatAge, formatBytes, formatCount, formatPlural, formatRate } from '../../../../src/ui/format.ts';
import type { Line, Span } from '../../../../src/ui/live-lines.ts';
import { padTo } from '../../../../src/ui/width.ts';
import type { RunnerState } from '../../session/runner/runner-state.ts';
import type { ArrivedFile, MovingFile } from '../../session/status/activity.ts';
import { progressWords } from '../../session/status/progress.ts';
import { plainWords } from '../../wire/plain-words.ts';
import { conflictsOf, type SeenSync, selectedOf, type View } from './view.ts';
import { wordOf } from './words.ts';

/** Files and lines that are shown at most. */
const [shownMoving, shownLast, shownOpen] = [3, 5, 8];

/** Room for the state in a word, where none is longer: what follows does not move with each change. */
const commonWord = 11;

export interface RenderOptions {
  readonly rows: number;
  readonly now: Date;
}

/** @returns at most so many lines as there is room for; the keys are always among them. */
export function renderView(view: View, { rows, now }: RenderOptions): Line[] {
  const selected = selectedOf(view);
  const names = Math.max(0, ...view.syncs.map(({ name }) => name.length));
  const words = Math.max(commonWord, ...view.syncs.map((sync) => wordOf(sync).word.length));
  const list = view.syncs.map((sync) =>
    syncLine(sync, { names, words, isSelected: sync === selected, view }),
  );
  const below = selected === undefined ? [waitingLine] : paneOf(view, selected, now);
  const footer = [keysLine(view)];
  const room = Math.max(1, rows - footer.length);
  return [...[...list, ...below].slice(0, room), ...footer];
}

const waitingLine = line(faint('no sync to run yet; those that are made are taken up'));

function syncLine(
  sync: SeenSync,
  { names, words, isSelected, view }: { names: number; words: number; isSelected: boolean; view: View },
): Line {
  const { word, tone } = wordOf(sync);
  const { state } = sync;
  const mark = isSelected && view.syncs.length > 1 ? '› ' : '  ';
  const figures = state === undefined ? sync.trouble : figuresOf(sync, state);
  return line(
    { text: `${mark}${padTo(sync.name, names)}  ` },
    { text: `${padTo(word, words)}  `, tone },
    plain(figures),
  );
}

function figuresOf({ rate }: SeenSync, state: RunnerState): string {
  const message = state.phase === 'syncing' ? syncingWords(state, rate) : state.message;
  const pods = state.sessions && state.sessions.length > 1 ? ` and ${state.sessions.length - 1} more` : '';
  return [
    formatPlural(state.files, 'file'),
    rate > 0 ? formatRate(rate) : undefined,
    state.pod === '' ? undefined : `${state.pod}/${state.container}${pods}`,
    message,
    ...state.degraded.map((why) => `polls ${why}`),
  ]
    .filter((one) => one !== undefined && one !== '')
    .join(' · ');
}

/** How far it has come, where that is worth telling, and how long it will take yet. */
const syncingWords = ({ activity, message }: RunnerState, rate: number): string =>
  progressWords(activity.progress, rate) ?? message;

function paneOf(view: View, sync: SeenSync, now: Date): Line[] {
  switch (view.pane) {
    case 'log':
      return view.log.length === 0
        ? [line(faint('  nothing was logged yet'))]
        : view.log.map((text) => line(faint(`  ${text}`)));
    case 'conflicts':
      return conflictLines(view);
    case 'confirm':
      return [
        line({ text: `  ${sync.state?.message ?? ''}`, tone: 'caution' }),
        line(plain('  Let it happen? y/n')),
      ];
    case 'none':
      return sync.state === undefined ? [] : detailLines(sync.state, now);
  }
}

function detailLines(state: RunnerState, now: Date): Line[] {
  const { moving, movingCount, last } = state.activity;
  const more = movingCount - Math.min(moving.length, shownMoving);
  return [
    ...moving.slice(0, shownMoving).map(movingLine),
    ...(more > 0 ? [line(faint(`    and ${formatPlural(more, 'file')} more on their way`))] : []),
    ...last.slice(0, shownLast).map((file) => lastLine(file, now)),
    ...openLines(state),
    ...state.reloads.flatMap((one) => reloadLine(one, now)),
  ];
}

const arrow = (to: MovingFile['to']) => (to === 'container' ? '→' : '←');

function movingLine({ path, to, size, done }: MovingFile): Line {
  const part = done > 0 ? `${formatBytes(done)} of ` : '';
  return line(
    { text: `  ${arrow(to)} `, tone: 'good' },
    pathSpan(path),
    faint(`  ${part}${formatBytes(size)}`),
  );
}

function lastLine({ path, to, what, at }: ArrivedFile, now: Date): Line {
  const age = formatAge(now.getTime() - new Date(at).getTime());
  return line(faint(`  ${arrow(to)} `), pathSpan(path), faint(`  ${what} ${age} ago`));
}

function openLines({ conflictCount, conflicts, problems }: RunnerState): Line[] {
  const lasting = problems.filter(({ passing }) => passing !== true);
  const [first] = lasting;
  const more = lasting.length > 1 ? ` and ${formatCount(lasting.length - 1)} more` : '';
  return [
    ...(conflictCount > 0
      ? [
          line(
            { text: `  ! ${formatPlural(conflictCount, 'conflict')}: `, tone: 'caution' },
            pathSpan(conflicts[0]?.path, 'caution'),
          ),
        ]
      : []),
    ...(first
      ? [
          line({ text: '  ✗ ', tone: 'bad' }, pathSpan(first.path, 'bad'), {
            text: ` (${first.side}): ${first.problem}${more}`,
            tone: 'bad',
          }),
        ]
      : []),
  ];
}

function reloadLine({ rule, phase, message, lastRun }: RunnerState['reloads'][number], now: Date): Line[] {
  if (phase === 'idle' && lastRun === undefined) return [];
  const age = lastRun === undefined ? '' : ` ${formatAge(now.getTime() - new Date(lastRun).getTime())} ago`;
  const tone = phase === 'failed' || phase === 'stopped' ? 'bad' : 'faint';
  const how = phase === 'running' ? 'running' : message || 'done';
  return [line({ text: `  reload ${rule}: ${how}${age}`, tone })];
}

function conflictLines(view: View): Line[] {
  const conflicts = conflictsOf(view);
  const at = Math.max(
    0,
    conflicts.findIndex(({ path }) => path === view.conflict),
  );
  const from = Math.max(0, Math.min(at - Math.floor(shownOpen / 2), conflicts.length - shownOpen));
  return conflicts.slice(from, from + shownOpen).map(({ path, reason, local, container }, index) => {
    const isChosen = from + index === at;
    const mark = isChosen ? '  › ' : '    ';
    return line(plain(mark), pathSpan(path), faint(`  ${reason}: here ${local}, there ${container}`));
  });
}

const keys: Readonly<Record<View['pane'], string>> = {
  none: 'p pause · f flush · c conflicts · l log · q quit',
  log: 'l closes the log · ↑↓ choose · q quit',
  conflicts: 'keep l local · c container · b both · m merge · ↑↓ choose · esc close · q quit',
  confirm: 'y goes on · n leaves it held',
};

function keysLine(view: View): Line {
  const choose = view.pane === 'none' && view.syncs.length > 1 ? '↑↓ choose · ' : '';
  return line(faint(`${choose}${keys[view.pane]}`), plain(view.notice === '' ? '' : `   ${view.notice}`));
}

function line(...spans: Span[]): Line {
  return spans.map((span) => ({ ...span, text: plainWords(span.text) }));
}

/** A path, which gives way to what stands beside it. */
function pathSpan(path: string | undefined, tone?: Span['tone']): Span {
  return { text: path || '.', isPath: true, ...(tone !== undefined && { tone }) };
}

function plain(text: string): Span {
  return { text };
}

function faint(text: string): Span {
  return { text, tone: 'faint' };
}
