/** Shows what a watch does on a terminal, and carries out what keys ask for. It asks as every other process does. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import type { Dashboard } from '../../../../src/ui/dashboard.ts';
import { logFile } from '../../control/serve-sync.ts';
import { type Ask, settle } from '../../control/settling.ts';
import { askControl } from '../../control/socket.ts';
import type { Workstation } from '../../spec/workstation.ts';
import { plainWords } from '../../wire/plain-words.ts';
import { renderView } from './render.ts';
import { type Action, emptyView, pressed, type SeenSync, selectedOf, type View, withSyncs } from './view.ts';
import { titleOf } from './words.ts';

/** Milliseconds between two looks: while something happens, and else. */
const [livelyInterval, quietInterval] = [250, 1000];
/** Lines of the log that are shown, and bytes that they are looked for in. */
const [logLines, logBytes] = [15, 16 << 10];

export interface LiveViewOptions {
  readonly dashboard: Dashboard;
  readonly workstation: Workstation;
  /** Looks at all syncs; undefined where the watch does not answer. */
  readonly look: () => Promise<readonly SeenSync[] | undefined>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly hasTitle: boolean;
  /** Ends the watch. */
  readonly quit: () => void;
}

export class LiveView {
  readonly #options: LiveViewOptions;
  #view: View = emptyView;

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  /** Draws until the signal says stop. */
  async run(): Promise<void> {
    const { dashboard, clock, signal } = this.#options;
    dashboard.onKey((key) => void this.#press(key));
    while (!signal.aborted) {
      const syncs = await this.#options.look();
      if (syncs !== undefined) this.#view = withSyncs(this.#view, syncs);
      this.#draw();
      await clock.sleep(isLively(this.#view) ? livelyInterval : quietInterval, signal).catch(() => {});
    }
  }

  #draw(): void {
    const { dashboard, clock, hasTitle, workstation } = this.#options;
    const selected = selectedOf(this.#view);
    const log = this.#view.pane === 'log' && selected ? lastOf(logFile(workstation, selected.uid)) : [];
    this.#view = { ...this.#view, log };
    dashboard.draw(renderView(this.#view, { rows: dashboard.room.rows, now: clock.now() }));
    if (hasTitle) dashboard.title(titleOf(this.#view.syncs));
  }

  async #press(key: string): Promise<void> {
    const { view, action } = pressed(this.#view, key);
    this.#view = view;
    this.#draw();
    if (action === undefined) return;
    const notice = await this.#carryOut(action).catch(messageOf);
    this.#view = { ...this.#view, notice: plainWords(notice) };
    this.#draw();
  }

  /** Resolves with what came of it. */
  async #carryOut(action: Action): Promise<string> {
    if (action.kind === 'quit') {
      this.#options.quit();
      return 'Stopping …';
    }
    const { kind, sync } = action;
    const ask: Ask = (method, parameters = {}) =>
      askControl(this.#options.workstation.socketOf(sync.uid), method, parameters, this.#options);
    switch (kind) {
      case 'pause':
        await ask('pause');
        return `${sync.name} is paused`;
      case 'resume':
      case 'confirm':
        await ask('resume', { confirm: kind === 'confirm' });
        return `${sync.name} goes on`;
      case 'flush':
        await ask('flush');
        return `${sync.name} was flushed`;
      case 'resolve':
        return `${action.path || '.'}: ${await resolveBy(ask, action)}`;
    }
  }
}

/** Whether some sync does more than to wait for a change. */
const isLively = ({ syncs }: View): boolean =>
  syncs.length === 0 || syncs.some(({ state, rate }) => state?.phase !== 'watching' || rate > 0);

/** Resolves with what came of it. */
async function resolveBy(ask: Ask, { path, use }: Extract<Action, { kind: 'resolve' }>): Promise<string> {
  if (use === 'both' || use === 'merge') return (await settle(path, use, ask)).message;
  return (await ask('resolve', { path, use })) === true ? `kept ${use}` : 'it is no conflict any more';
}

/** The last lines of a file that may be long; none where there is none. */
function lastOf(file: string): string[] {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const { size } = fstatSync(descriptor);
      const end = Buffer.alloc(Math.min(size, logBytes));
      readSync(descriptor, end, 0, end.length, size - end.length);
      return end.toString('utf8').trimEnd().split('\n').slice(-logLines);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return [];
  }
}
