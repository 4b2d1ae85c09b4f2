/** What `get --watch` tells of a sync: a line of JSON, or of text, each time that it is another one. */
import { formatPlural } from '../../../../src/ui/format.ts';
import type { RunnerState } from '../../session/runner/runner-state.ts';
import { plainWords } from '../../wire/plain-words.ts';

/** The documented format; fields are added, and none is taken away or given another meaning. */
export interface SyncEvent {
  /** `DELETED`: it is gone from the cluster. */
  readonly event: 'STATE' | 'DELETED';
  readonly name: string;
  readonly namespace: string;
  /** The phase of a running sync, else `not running`, `refused`, `elsewhere`, `not answering` or `unreadable`. */
  readonly state: string;
  /** What it waits for, or why it is held. */
  readonly message: string;
  readonly pod: string;
  readonly container: string;
  readonly files: number;
  readonly conflicts: number;
  readonly problems: number;
  /** Reload rules that have failed or were stopped. */
  readonly failedReloads: number;
  /** ISO time of the last change that was carried over; null where there was none. */
  readonly lastChange: string | null;
}

/** @param state of a running sync; @param otherwise the word for one that does not run here */
export function eventOf(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  state: RunnerState | undefined,
  otherwise: { readonly state: string; readonly message: string },
): SyncEvent {
  const reloads = state?.reloads ?? [];
  return {
    event: 'STATE',
    name,
    namespace,
    state: state?.phase ?? otherwise.state,
    message: plainWords(state?.message ?? otherwise.message),
    pod: state?.pod ?? '',
    container: state?.container ?? '',
    files: state?.files ?? 0,
    conflicts: state?.conflictCount ?? 0,
    problems: state?.problems.filter(({ passing }) => passing !== true).length ?? 0,
    failedReloads: reloads.filter(({ phase }) => phase === 'failed' || phase === 'stopped').length,
    lastChange: state?.lastChange ?? null,
  };
}

/** The same, for a person. */
export function eventText({
  event,
  name,
  state,
  message,
  files,
  conflicts,
  problems,
  failedReloads,
}: SyncEvent): string {
  if (event === 'DELETED') return `${name}: deleted`;
  const counts = [
    files > 0 && formatPlural(files, 'file'),
    conflicts > 0 && formatPlural(conflicts, 'conflict'),
    problems > 0 && formatPlural(problems, 'problem'),
    failedReloads > 0 && `${formatPlural(failedReloads, 'reload')} failed`,
    message,
  ].filter(Boolean);
  return `${name}: ${[state, ...counts].join(', ')}`;
}

/** Tells which events are news. */
export class News {
  readonly #last = new Map<string, string>();

  /** Those that differ from the last time, and those that are gone. */
  of(events: readonly SyncEvent[]): SyncEvent[] {
    const keys = new Set(events.map(keyOf));
    const gone = [...this.#last].flatMap(([key, text]): SyncEvent[] =>
      keys.has(key) ? [] : [{ ...(JSON.parse(text) as SyncEvent), event: 'DELETED' }],
    );
    for (const one of gone) this.#last.delete(keyOf(one));
    return [...events.filter((one) => this.#isNew(one)), ...gone];
  }

  #isNew(event: SyncEvent): boolean {
    const text = JSON.stringify(event);
    if (this.#last.get(keyOf(event)) === text) return false;
    this.#last.set(keyOf(event), text);
    return true;
  }
}

const keyOf = ({ namespace, name }: SyncEvent) => `${namespace}/${name}`;
