import { describe, expect, test } from '@jest/globals';
import { Rates } from '../../../../../../plugins/devsync/commands/live/rates.ts';
import { renderView } from '../../../../../../plugins/devsync/commands/live/render.ts';
import {
  emptyView,
  pressed,
  type SeenSync,
  type View,
  withSyncs,
} from '../../../../../../plugins/devsync/commands/live/view.ts';
import { titleOf } from '../../../../../../plugins/devsync/commands/live/words.ts';
import {
  noRunnerState,
  type RunnerState,
} from '../../../../../../plugins/devsync/session/runner/runner-state.ts';
import { LiveLines } from '../../../../../../src/ui/live-lines.ts';
import { createStyle } from '../../../../../../src/ui/style.ts';
import { FakeTerminal } from '../../../../support/fake-terminal.ts';

const watching: RunnerState = {
  ...noRunnerState,
  phase: 'watching',
  files: 1204,
  pod: 'web-7d9',
  container: 'app',
};
const conflict = (path: string) => ({ path, reason: 'both changed', local: 'a file', container: 'another' });
const seen = (name: string, state: Partial<RunnerState> = {}, more: Partial<SeenSync> = {}): SeenSync => ({
  uid: name,
  name,
  namespace: 'shop',
  trouble: '',
  rate: 0,
  state: { ...watching, ...state },
  ...more,
});
const viewOf = (...syncs: SeenSync[]): View => withSyncs(emptyView, syncs);
const now = new Date('2026-01-01T12:00:10Z');
const shown = (view: View, rows = 40) =>
  renderView(view, { rows, now }).map((line) =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
const press = (view: View, ...keys: string[]) => keys.reduce((at, key) => pressed(at, key).view, view);

describe('what is shown', () => {
  test('a long path is cut in the middle, and what stands beside it is seen', () => {
    const path = `src/${'deep/'.repeat(20)}app.ts`;
    const moving = { path, to: 'container', size: 1 << 30, done: 0 } as const;
    const last = { path, to: 'local', what: 'changed', at: '2026-01-01T12:00:05Z' } as const;
    const activity = { moving: [moving], movingCount: 1, last: [last], bytes: { local: 0, container: 0 } };
    const problem = { path, side: 'local', problem: 'no space left' } as const;
    const some = { activity, problems: [problem], conflicts: [conflict(path)], conflictCount: 1 };
    const view = viewOf(seen('web', some));
    const drawn = (of: View) => {
      const terminal = new FakeTerminal({ isTTY: true, columns: 61 });
      new LiveLines(terminal.stream, createStyle(false)).draw(renderView(of, { rows: 40, now }));
      return terminal.screen().slice(1, -2);
    };
    expect(drawn(view)).toEqual([
      '  → src/deep/deep/deep/deep…p/deep/deep/deep/app.ts  1.0 GiB',
      '  ← src/deep/deep/deep/…eep/deep/deep/app.ts  changed 5s ago',
      '  ! 1 conflict: src/deep/deep/deep/de…/deep/deep/deep/app.ts',
      '  ✗ src/deep/deep/de…deep/deep/app.ts (local): no space left',
    ]);
    expect(drawn(press(view, 'c'))).toEqual(['  › src/dee…p/app.ts  both changed: here a file, there anot…']);
  });

  test('each sync with its state, and of the chosen one what is on its way and what was last', () => {
    const moving = { path: 'big.bin', to: 'container', size: 1 << 30, done: 12 << 20 } as const;
    const last = { path: 'src/app.ts', to: 'local', what: 'changed', at: '2026-01-01T12:00:05Z' } as const;
    const activity = { moving: [moving], movingCount: 3, last: [last], bytes: { local: 0, container: 0 } };
    const reload = { rule: '*.ts=exec:make', phase: 'failed', message: 'ended with 3', runs: 1 } as const;
    const view = viewOf(
      seen('web', { phase: 'syncing', message: '3 changes', activity, reloads: [reload] }, { rate: 2048 }),
      seen('docs', {}, { state: undefined, trouble: 'belongs to bob@desk' }),
    );
    expect(shown(press(view, 'down'))).toEqual([
      '  docs  waiting      belongs to bob@desk',
      '› web   syncing      1,204 files · 2.0 KiB/s · web-7d9/app · 3 changes',
      '  → big.bin  12 MiB of 1.0 GiB',
      '    and 2 files more on their way',
      '  ← src/app.ts  changed 5s ago',
      '  reload *.ts=exec:make: ended with 3',
      '↑↓ choose · p pause · f flush · c conflicts · l log · q quit',
    ]);
  });

  test('what follows the longest state does not touch it, and stands below what follows the others', () => {
    const reload = { rule: '*.ts=exec:make', phase: 'failed', message: 'ended with 3', runs: 1 } as const;
    const view = viewOf(seen('docs'), seen('web', { reloads: [reload] }));
    expect(shown(view).slice(0, 2)).toEqual([
      '› docs  watching       1,204 files · web-7d9/app',
      '  web   reload failed  1,204 files · web-7d9/app',
    ]);
    expect(shown(viewOf(seen('docs')))[0]).toBe('  docs  watching     1,204 files · web-7d9/app');
  });

  test('how far a long transfer has come, and how long it will take yet', () => {
    const total = { operations: 8_000, bytes: 120 << 20 };
    const progress = { total, done: { operations: 1_240, bytes: 20 << 20 } };
    const activity = { ...watching.activity, progress };
    const view = viewOf(seen('web', { phase: 'syncing', message: '1 change', activity }, { rate: 5 << 20 }));
    expect(shown(view)[0]).toBe(
      '  web  syncing      1,204 files · 5.0 MiB/s · web-7d9/app · 1,240 of 8,000 changes, 20 MiB of 120 MiB, about 20s left',
    );
  });

  test('control characters of a name get neither into a line nor into the title', () => {
    const evil = '\u001b]2;owned\u0007\u001b[2J\u202e';
    const problem = { path: evil, side: 'container', problem: evil } as const;
    const file = { path: evil, to: 'local', what: 'made', at: now.toISOString() } as const;
    const activity = { ...watching.activity, last: [file] };
    const view = viewOf(
      seen('web', {
        message: evil,
        conflicts: [conflict(evil)],
        conflictCount: 1,
        problems: [problem],
        activity,
      }),
    );
    for (const one of [view, press(view, 'c')]) expect(shown(one).join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(titleOf(view.syncs)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('keys are shown however small the terminal is', () => {
    const many = viewOf(...Array.from({ length: 30 }, (_, index) => seen(`s${index}`)));
    expect(shown(many, 5)).toHaveLength(5);
    expect(shown(many, 5).at(-1)).toMatch(/q quit/);
  });
});

test.each<[string, SeenSync[]]>([
  ['devsync: no syncs', []],
  ['devsync: watching', [seen('a'), seen('b')]],
  ['devsync: starting', [seen('a', { phase: 'connecting' })]],
  ['devsync: paused (b)', [seen('a'), seen('b', { phase: 'paused' })]],
  ['devsync: held (b)', [seen('a', { conflictCount: 1 }), seen('b', { phase: 'held' })]],
  ['devsync: 2 conflicts (a)', [seen('a', { conflictCount: 2 }), seen('b', { phase: 'paused' })]],
  ['devsync: waiting', [seen('a', {}, { state: undefined, trouble: 'refused' })]],
])('the title %j says what needs a person most', (title, syncs) => {
  expect(titleOf(syncs)).toBe(title);
});

describe('keys', () => {
  const web = seen('web', { conflicts: [conflict('a'), conflict('b')], conflictCount: 2 });

  test('pause, let go on, flush and quit', () => {
    expect(pressed(viewOf(web), 'p').action).toEqual({ kind: 'pause', sync: web });
    const paused = seen('web', { phase: 'paused' });
    expect(pressed(viewOf(paused), 'p').action).toEqual({ kind: 'resume', sync: paused });
    expect(pressed(viewOf(web), 'f').action).toEqual({ kind: 'flush', sync: web });
    expect(pressed(viewOf(web), 'q').action).toEqual({ kind: 'quit' });
    expect(pressed(emptyView, 'p')).toEqual({ view: emptyView });
  });

  test('what a brake holds goes on only after a question', () => {
    const held = seen('web', { phase: 'held', message: 'all files are gone' });
    const asked = press(viewOf(held), 'p');
    expect(shown(asked).slice(1, 3)).toEqual(['  all files are gone', '  Let it happen? y/n']);
    expect(pressed(asked, 'y').action).toEqual({ kind: 'confirm', sync: held });
    expect(pressed(asked, 'n')).toEqual({ view: { ...asked, pane: 'none' } });
  });

  test('settle the chosen conflict, and only where conflicts are open', () => {
    expect(pressed(viewOf(web), 'c').action).toBeUndefined();
    const open = press(viewOf(web), 'c', 'down');
    expect(shown(open)).toContain('  › b  both changed: here a file, there another');
    expect(pressed(open, 'c').action).toEqual({ kind: 'resolve', sync: web, path: 'b', use: 'container' });
    expect(pressed(open, 'l').action).toEqual({ kind: 'resolve', sync: web, path: 'b', use: 'local' });
    expect(pressed(open, 'm').action).toEqual({ kind: 'resolve', sync: web, path: 'b', use: 'merge' });
    expect(pressed(open, 'toString').action).toBeUndefined();
    // The last one is settled, and there is nothing to show any more.
    expect(withSyncs(open, [seen('web')]).pane).toBe('none');
    expect(press(viewOf(seen('web')), 'c').notice).toBe('No conflicts.');
  });

  test('the chosen sync stays chosen where others come and go', () => {
    const chosen = press(viewOf(seen('a'), web), 'down', 'down');
    expect(withSyncs(chosen, [seen('0'), seen('a'), web]).selected).toBe('web');
    expect(withSyncs(chosen, [seen('a')]).selected).toBe('a');
  });
});

test('a rate is that of the last seconds, and nothing where a counter began anew', () => {
  const rates = new Rates();
  expect([rates.note('a', 0, 0), rates.note('a', 1000, 1000), rates.note('a', 1000, 4000)]).toEqual([
    0, 1000, 0,
  ]);
  expect([rates.note('a', 10, 4500), rates.note('a', 20, 5000)]).toEqual([0, 20]);
});
