/** What the service costs a watch: with metrics scraped each second and the page open, beside the same without. */
import { randomBytes } from 'node:crypto';
import {
  changeAccounts,
  ensureSigningKey,
  newAccountId,
  readSigningKey,
} from '../../plugins/nsreplicate/server/accounts/secret.ts';
import { signToken } from '../../plugins/nsreplicate/server/accounts/tokens.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import type { Sides } from '../cluster/support/replication.ts';
import { type Measurement, percentile } from './measurement.ts';
import { type Driven, drive } from './nsreplicate.ts';
import { addressOf, endOf, startNsreplicate, startReaders } from './nsreplicate-process.ts';
import { makePlaces, onServers } from './nsreplicate-servers.ts';

const ROUNDS = 3;
const HOUR_MS = 3_600_000;

export function measureListen(rounds = ROUNDS): Promise<Measurement[]> {
  return onServers(async ({ primary, replicas }, [from = '', to = '']) => {
    const sides = { primary, replicas: replicas.slice(0, 1) };
    const token = await tokenOf(primary.kube);
    // Servers are slow at first.
    await driven(sides, { name: 'warm', files: [from, to] }, undefined);
    const found = { without: [] as Driven[], with: [] as Driven[] };
    for (let round = 0; round < rounds; round++) {
      // In turns: what is there already makes the second one slower.
      const turns = round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
      for (const turn of turns) {
        const run = { name: `${turn}${round}`, files: [from, to] as const };
        found[turn].push(await driven(sides, run, turn === 'with' ? token : undefined));
      }
    }
    const lags = (runs: readonly Driven[]) => runs.map((run) => percentile(run.lags, 50));
    const ratio = (of: (run: Driven) => number) =>
      found.with.map((run, index) => of(run) / of(found.without[index] ?? run));
    return [
      { name: 'watch without --listen, 100 changes/s, lag p50', unit: 'ms', samples: lags(found.without) },
      { name: 'watch with --listen, scraped, page open, lag p50', unit: 'ms', samples: lags(found.with) },
      {
        name: 'lag p50 with by without',
        unit: '×',
        samples: ratio((run) => percentile(run.lags, 50)),
        limit: { atMost: 1.1 },
      },
      {
        name: 'most per second with by without',
        unit: '×',
        samples: ratio(({ perSecond }) => perSecond),
        limit: { atLeast: 0.9 },
      },
    ];
  });
}

/** @param token where given, the watch serves, and is read by who has it */
async function driven(
  sides: Sides,
  { name, files: [from, to] }: { readonly name: string; readonly files: readonly [string, string] },
  token: string | undefined,
): Promise<Driven> {
  await makePlaces(sides, name, 1);
  const task = ['--primary', from, '--replica', to, '--name', name, '--sync-namespaces', `${name}-0`];
  const listen = token === undefined ? [] : ['--listen', '127.0.0.1:0'];
  const running = startNsreplicate(['watch', ...task, '--kinds', 'configmaps', ...listen]);
  let stop: () => void = () => undefined;
  try {
    await running.saw('compared');
    if (token !== undefined) stop = startReaders(await addressOf(running), token);
    return await drive(sides, `${name}-0`, `${name}-0`);
  } finally {
    stop();
    await endOf(running);
  }
}

/** Of a viewer, as `users token` makes one. */
async function tokenOf(kube: KubeClient): Promise<string> {
  const [name, id] = ['bench', newAccountId()];
  const account = {
    hash: randomBytes(8).toString('hex'),
    id,
    role: 'viewer' as const,
    createdAt: '',
    createdBy: 'bench',
  };
  await changeAccounts(kube, (accounts) => void accounts.set(name, account));
  await ensureSigningKey(kube);
  const now = new Date();
  return signToken({ name, id }, await readSigningKey(kube), now, new Date(now.getTime() + HOUR_MS));
}
