/** The plan of a task: what would change, as text, table and document. */
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { ExitCode } from '../../../src/errors.ts';
import type { PlannedChange } from '../preview/plan.ts';
import type { Survey } from '../preview/survey.ts';
import type { Opened } from './open-task.ts';
import { look, notAllCompared, unreadOf } from './survey-command.ts';

/**
 * The plan of a task, with exit code 5 where anything would change.
 * @param more lines that belong to it
 */
export async function planOutcome(
  opened: Opened,
  context: KubeCommandContext,
  more: (surveyed: Survey) => readonly string[] = () => [],
): Promise<Outcome> {
  const { plan } = await import('../preview/plan.ts');
  const surveyed = await look(opened, context);
  for (const note of surveyed.notes) context.reporter.info(note);
  const all = await plan(surveyed, opened.spec, context.signal);
  const changes = all.filter(({ action }) => action !== 'left');
  const left = all.filter(({ action }) => action === 'left');
  const unread = unreadOf(surveyed);
  const nothing =
    unread.length === 0 ? 'Nothing would change.' : 'Nothing would change of what could be compared.';
  return {
    exitCode: changes.length === 0 ? ExitCode.ok : ExitCode.incomplete,
    data: { task: opened.spec.name, changes: all, unread },
    text: [
      ...changes.map(textOf),
      ...leftLines(left),
      ...more(surveyed),
      changes.length === 0 ? nothing : summary(changes),
    ].join('\n'),
    table: table(all, columns, nothing),
    error: notAllCompared(unread),
  };
}

const columns = [
  { header: 'REPLICA', value: ({ replica }: PlannedChange) => replica },
  { header: 'ACTION', value: actionOf },
  { header: 'NAMESPACE', value: ({ namespace }: PlannedChange) => namespace },
  { header: 'KIND', value: ({ kind }: PlannedChange) => kind },
  { header: 'NAME', value: ({ name }: PlannedChange) => name },
  { header: 'NOTE', wide: true, value: ({ note = '' }: PlannedChange) => note },
];

function textOf(change: PlannedChange): string {
  const { replica, kind, namespace, name, diff, note } = change;
  const where = namespace === '' ? name : `${namespace}/${name}`;
  return [
    `${replica}: ${actionOf(change)} ${kind} ${where}${note === undefined ? '' : ` (${inShort(note)})`}`,
    ...diff.map((line) => `    ${line}`),
  ].join('\n');
}

const LONGEST_NOTE = 300;

/** Servers may give a hundred permissions as one reason; all of it is in `-o wide` and `-o json`. */
function inShort(note: string): string {
  const [line = '', ...others] = note.split('\n');
  const cut = line.length > LONGEST_NOTE ? `${line.slice(0, LONGEST_NOTE)}…` : line;
  if (others.length > 0) return `${cut} … and ${others.length} more lines; -o wide shows them`;
  return cut;
}

/** What stays as it is though the two sides differ, or may: a line for each reason. */
function leftLines(left: readonly PlannedChange[]): string[] {
  const groups = Map.groupBy(left, ({ replica, note }) => `${replica} ${note}`);
  return [...groups.values()].map((group) => `${group[0]?.replica}: ${group.length} left: ${group[0]?.note}`);
}

function summary(changes: readonly PlannedChange[]): string {
  return [...Map.groupBy(changes, actionOf)]
    .map(([action, { length }]) => `${length} ${/^(refused|can't)/.test(action) ? '' : 'to '}${action}`)
    .join(', ');
}

/** What would be done, or tried in vain. */
function actionOf({ action, blocked }: PlannedChange): string {
  return blocked ? `can't ${action}` : action;
}
