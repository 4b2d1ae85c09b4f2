/** What would change, as lines. */
import type { Api, PlannedChange, Unread } from './api.ts';
import { showDialog } from './dialog.ts';
import { h } from './dom.ts';

interface Planned {
  readonly changes: readonly PlannedChange[];
  readonly unread: readonly Unread[];
  readonly total?: number;
  readonly copied?: boolean;
}

/** The difference of one object between the primary and each replica. */
export async function showDifference(
  api: Api,
  task: string,
  place: { kind: string; namespace: string; name: string },
): Promise<void> {
  const query = new URLSearchParams({ kind: place.kind, name: place.name });
  if (place.namespace !== '') query.set('namespace', place.namespace);
  const planned = await api.ask<Planned>(`/api/tasks/${task}/diff?${query}`);
  const nothing =
    planned.copied === true
      ? 'It is as it should be on every replica that could be looked at.'
      : 'The primary does not have it, or no rule covers it, and no copy is there.';
  const where = place.namespace === '' ? place.name : `${place.namespace}/${place.name}`;
  showDialog(`${place.kind} ${where}`, contentOf(planned, nothing));
}

/** Everything that would change in a task. */
export async function showPlan(api: Api, task: string): Promise<void> {
  const planned = await api.ask<Planned>(`/api/tasks/${task}/plan`, undefined, 'POST');
  const { total = 0, changes } = planned;
  const more = total > changes.length ? [h('p', {}, `… and ${total - changes.length} more`)] : [];
  showDialog(`What would change in ${task}`, [
    ...contentOf(planned, 'Nothing would change of what could be looked at.'),
    ...more,
  ]);
}

function contentOf({ changes, unread }: Planned, nothing: string): Node[] {
  return [
    ...(changes.length === 0 ? [h('p', {}, nothing)] : changes.map(changeOf)),
    ...unread.map(({ cluster, kind, why }) =>
      h('p', { class: 'problem' }, `${cluster}: ${kind} can't be read: ${why}`),
    ),
  ];
}

function changeOf({
  replica,
  kind,
  namespace,
  name,
  action,
  blocked,
  diff,
  note,
}: PlannedChange): HTMLElement {
  const where = namespace === '' ? name : `${namespace}/${name}`;
  const lines = diff.map((text) => h('span', { class: `line ${classes[text[0] ?? ''] ?? ''}` }, `${text}\n`));
  return h(
    'section',
    {},
    h('h3', {}, `${replica}: ${blocked ? "can't " : ''}${action} ${kind} ${where}`),
    note !== undefined && h('p', {}, note),
    lines.length > 0 && h('pre', { tabindex: 0 }, ...lines),
  );
}

const classes: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed', '~': 'changed' };
