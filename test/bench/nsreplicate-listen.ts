/** What the service costs a watch: with metrics scraped each second and the page open, and in a flood of logins, beside the same without. */
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
import { addressOf, endOf, startLogins, startNsreplicate, startReaders } from './nsreplicate-process.ts';
import { makePlaces, onServers } from './nsreplicate-servers.ts';

const ROUNDS = 3;
const HOUR_MS = 3_600_000;

export function measureListen(rounds = ROUNDS): Promise<Measurement[]> {
  return onServers(async ({ primary, replicas }, [from = '', to = '']) => {
    const sides = { primary, replicas: replicas.slice(0, 1) };
    const token = await tokenOf(primary.kube);
    const besides: Readonly<Record<Turn, Beside | undefined>> = {
      without: undefined,
      with: (url) => startReaders(url, token),
      flooded: (url) => startLogins(url),
    };
    // Servers are slow at first.
    await driven(sides, { name: 'warm', files: [from, to] }, undefined);
    const found: Record<Turn, Driven[]> = { without: [], with: [], flooded: [] };
    for (let round = 0; round < rounds; round++)
      // In turns, each round from another one on: what is there already makes the later ones slower.
      for (const turn of turns.map((_, index) => turns[(index + round) % turns.length] as Turn)) {
        const run = { name: `${turn}${round}`, files: [from, to] as const };
        found[turn].push(await driven(sides, run, besides[turn]));
      }
    return measurementsOf(found);
  });
}

const turns = ['without', 'with', 'flooded'] as const;
type Turn = (typeof turns)[number];
/** What uses the service at an address; returns how that is ended. */
type Beside = (url: string) => () => void;

const called: Readonly<Record<Turn, string>> = {
  without: 'watch without --listen',
  with: 'watch with --listen, scraped, page open',
  flooded: 'watch with --listen, 100 wrong passwords/s',
};

function measurementsOf(found: Readonly<Record<Turn, readonly Driven[]>>): Measurement[] {
  const lags = turns.map((turn) => ({
    name: `${called[turn]}, 100 changes/s, lag p50`,
    unit: 'ms',
    samples: found[turn].map((run) => percentile(run.lags, 50)),
  }));
  const ratios = (['with', 'flooded'] as const).flatMap((turn) => {
    const ratio = (of: (run: Driven) => number) =>
      found[turn].map((run, index) => of(run) / of(found.without[index] ?? run));
    const lag = ratio((run) => percentile(run.lags, 50));
    const rate = ratio(({ perSecond }) => perSecond);
    return [
      { name: `lag p50 ${turn} by without`, unit: '×', samples: lag, limit: { atMost: 1.1 } },
      { name: `most per second ${turn} by without`, unit: '×', samples: rate, limit: { atLeast: 0.9 } },
    ];
  });
  return [...lags, ...ratios];
}

/** @param beside where given, the watch serves, and that uses it */
async function driven(
  sides: Sides,
  { name, files: [from, to] }: { readonly name: string; readonly files: readonly [string, string] },
  beside: Beside | undefined,
): Promise<Driven> {
  await makePlaces(sides, name, 1);
  const task = ['--primary', from, '--replica', to, '--name', name, '--sync-namespaces', `${name}-0`];
  const listen = beside === undefined ? [] : ['--listen', '127.0.0.1:0'];
  const running = startNsreplicate(['watch', ...task, '--kinds', 'configmaps', ...listen]);
  let stop: () => void = () => undefined;
  try {
    await running.saw('compared');
    if (beside) stop = beside(await addressOf(running));
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
