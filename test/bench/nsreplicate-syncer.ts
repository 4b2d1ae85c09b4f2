/** A KRMSyncer's lag, from a write on the source to the event on the destination, beside that of a watch of the same. */

import { reachable } from '../cluster/support/reachable.ts';
import type { Sides } from '../cluster/support/replication.ts';
import { type Measurement, percentile } from './measurement.ts';
import { type Driven, drive } from './nsreplicate.ts';
import { inSync, makeSyncer, startController } from './nsreplicate-controllers.ts';
import { endOf, startNsreplicate } from './nsreplicate-process.ts';
import { makePlaces, onServers } from './nsreplicate-servers.ts';

const ROUNDS = 3;
const MOST_MS = 3;

type Files = readonly [from: string, to: string];

export function measureSyncer(rounds = ROUNDS): Promise<Measurement[]> {
  return onServers(async ({ primary, replicas }, [from = '', to = '']) => {
    const sides = { primary, replicas: replicas.slice(0, 1) };
    // Servers are slow at first.
    await driven.watch(sides, 'warm', [from, to]);
    const found = { watch: [] as Driven[], syncer: [] as Driven[] };
    for (let round = 0; round < rounds; round++) {
      const turns = round % 2 === 0 ? (['watch', 'syncer'] as const) : (['syncer', 'watch'] as const);
      for (const turn of turns) found[turn].push(await driven[turn](sides, `${turn}${round}`, [from, to]));
    }
    const lags = (runs: readonly Driven[]) => runs.map((run) => percentile(run.lags, 50));
    const [watch, syncer] = [lags(found.watch), lags(found.syncer)];
    const more = syncer.map((lag, index) => lag - (watch[index] ?? Number.NaN));
    return [
      { name: 'watch, 100 changes/s, lag p50', unit: 'ms', samples: watch },
      { name: 'KRMSyncer, 100 changes/s, lag p50', unit: 'ms', samples: syncer },
      {
        name: 'KRMSyncer more than the watch, run by run',
        unit: 'ms',
        samples: more,
        limit: { atMost: MOST_MS },
      },
    ];
  }, reachable);
}

const driven = {
  async watch(sides: Sides, name: string, [from, to]: Files): Promise<Driven> {
    await makePlaces(sides, name, 1);
    const task = ['--primary', from, '--replica', to, '--name', name, '--sync-namespaces', `${name}-0`];
    const running = startNsreplicate(['watch', ...task, '--kinds', 'configmaps']);
    try {
      await running.saw('compared');
      return await drive(sides, `${name}-0`, `${name}-0`);
    } finally {
      await endOf(running);
    }
  },
  async syncer(sides: Sides, name: string, [from, to]: Files): Promise<Driven> {
    await makePlaces(sides, name, 1);
    const place = `${name}-0`;
    await makeSyncer(sides.primary.kube, { name, home: place, from: [place], to });
    const running = startController(from);
    try {
      await inSync(sides.primary.kube);
      return await drive(sides, place, place);
    } finally {
      await endOf(running);
    }
  },
};
