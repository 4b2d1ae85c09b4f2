/** Writes without a pause on one side, while something happens to who copies them, and what came of each on the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../src/clock.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { eventually } from '../../support/eventually.ts';
import type { Pair } from './nsreplicate.ts';
import { configMap } from './objects.ts';

const PAUSE_MS = 300;

export interface Written {
  /** How many ConfigMaps were made meanwhile; each of them also stands for one value of `busy`. */
  readonly made: number;
  /** ConfigMaps of which no copy, or an old one, is there. */
  readonly missing: readonly string[];
  /** What came a second time, out of order, or went: `made-7=7`, one for each. */
  readonly repeated: readonly string[];
}

/** Changes `busy` and makes `made-1`, `made-2` … until the work is done, and looks at every event of their copies. */
export async function whileWriting(pair: Pair, work: () => Promise<unknown>): Promise<Written> {
  const stop = new AbortController();
  const copies = new Copies();
  const options = { namespace: pair.namespace, clock: systemClock };
  const ready = Promise.withResolvers<void>();
  const handlers = {
    replaced: () => ready.resolve(),
    event: (type: string, copy: ConfigMap) => copies.saw(type, copy),
  };
  const over = listWatch(pair.to, configMaps, options, handlers, stop.signal).catch(() => undefined);
  await ready.promise;
  let made = 0;
  let isDone = false;
  const writing = (async () => {
    while (!isDone) {
      const value = { n: String(++made) };
      await pair.put(pair.from, configMap('busy', value), configMap(`made-${made}`, value));
      await sleep(PAUSE_MS);
    }
  })();
  try {
    await work();
  } finally {
    isDone = true;
    await writing;
  }
  const missing = () => copies.missing(made);
  await eventually(() => {
    if (missing().length > 0) throw new Error(`not there: ${missing().join(', ')}`);
  }).catch(() => undefined);
  stop.abort();
  await over;
  return { made, missing: missing(), repeated: copies.repeated };
}

class Copies {
  readonly repeated: string[] = [];
  readonly #events = new Set<string>();
  readonly #newest = new Map<string, number>();

  saw(type: string, { metadata: { name, resourceVersion = '' }, data }: ConfigMap): void {
    if (name !== 'busy' && !name.startsWith('made-')) return;
    // After a lost connection a watch may tell its last event again.
    if (this.#events.has(resourceVersion)) return;
    this.#events.add(resourceVersion);
    const value = Number(data?.n);
    if (type === 'DELETED' || value <= (this.#newest.get(name) ?? 0)) this.repeated.push(`${name}=${value}`);
    this.#newest.set(name, value);
  }

  /** Of so many that were made. */
  missing(made: number): string[] {
    const all = Array.from({ length: made }, (_, index) => [`made-${index + 1}`, index + 1] as const);
    return [...all, ['busy', made] as const].flatMap(([name, value]) =>
      this.#newest.get(name) === value ? [] : [name],
    );
  }
}
