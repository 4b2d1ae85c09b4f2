/** The service: what is asked of tasks over HTTP. It reads what tasks write, calls the engine, and adds nothing to it. */
import type { AddressInfo } from 'node:net';
import { retryUntilAborted } from '../../../src/async/retry.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, UsageError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { LiveTask } from '../run/live-task.ts';
import { Directory } from './accounts/directory.ts';
import { Hashing } from './accounts/hashing.ts';
import { firstUser, SignIn } from './accounts/sign-in.ts';
import { checkProtected, type ListenAddress } from './http/address.ts';
import { createApp } from './http/app.ts';
import { followPair, type TlsSource } from './http/tls.ts';
import { Metrics } from './metrics/metrics.ts';
import { allRoutes } from './routes/all.ts';
import { Board } from './tasks/board.ts';
import { EventStreams } from './tasks/event-stream.ts';
import { LagHistory } from './tasks/lag-history.ts';

export interface ServiceOptions {
  readonly listen: ListenAddress;
  readonly tls: TlsSource | undefined;
  /** Others may connect although nothing is encrypted: something in front of the service does that. */
  readonly insecure: boolean;
  /** Metrics are for anybody. */
  readonly openMetrics: boolean;
  /** The cluster that keeps the tasks' state. */
  readonly state: KubeClient;
  /** What this process works on, or stands by for. */
  readonly tasks: () => readonly LiveTask[];
  readonly watchRestarts: () => ReadonlyMap<string, number>;
  /** As of `MetricsOptions`. */
  readonly serverName?: ((origin: string) => string) | undefined;
  readonly version: string;
  readonly commit: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

export interface Service {
  /** `https://127.0.0.1:8443` */
  readonly url: string;
  readonly metrics: Metrics;
  /** Resolves once the tasks' state was read: from then on the page tells what there is. */
  readonly listed: Promise<void>;
  close(): Promise<void>;
}

/** Before what failed in the background is begun anew. */
const pause = { firstMs: 1000, mostMs: 60_000 };

/**
 * Listens until it is closed.
 * @throws {RefusedError | UsageError} it would be unprotected, or the address or certificate can't be used
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { listen, tls, insecure, state, clock, warn } = options;
  checkProtected(listen, { tls: tls !== undefined, insecure });
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const pair = tls && (await tls.read({ clock, signal }));
  const metrics = new Metrics(options);
  const board = new Board({ kube: state, clock, signal });
  const directory = new Directory({ kube: state, clock, signal });
  const hashing = new Hashing(clock);
  const history = new LagHistory(board, clock);
  const failed = (error: unknown, at: string) => warn(`the service failed at ${at}: ${messageOf(error)}`);
  const streams = new EventStreams(board, clock, (error) => failed(error, '/api/events'));
  const counted = (result: Parameters<Metrics['login']>[0]) => metrics.login(result);
  const signIn = new SignIn({ directory, hashing, clock, counted });
  const app = createApp({
    routes: allRoutes({ ...options, board, metrics, directory, hashing, signIn, history, streams }),
    tls: pair,
    authenticate: (token) => directory.authenticate(token),
    hint: () => (directory.isEmpty ? firstUser : undefined),
    answered: (method, path, status) => metrics.served(method, path, status),
    defect: failed,
    signal,
  });
  // What this process is for goes on, whatever becomes of any of this.
  const keepOn = (what: string, work: () => Promise<void>) =>
    retryUntilAborted(work, { pause, clock, signal, failed: (error) => failed(error, what) });
  const background = [
    keepOn('the list of tasks', () => board.run()),
    keepOn('the accounts', () => directory.run()),
    keepOn('the history of lag', () => history.run(signal)),
    keepOn('/api/events', () => streams.run(signal)),
  ];
  if (tls && pair && 'setSecureContext' in app.server) {
    const { server } = app;
    const changed = (next: typeof pair) =>
      (server as { setSecureContext(pair: object): void }).setSecureContext(next);
    background.push(keepOn('the certificate', () => followPair(tls, pair, { clock, signal, changed, warn })));
  }
  const stopCounting = metrics.countAnswers();
  const close = async () => {
    ended.abort();
    stopCounting();
    await Promise.all([app.close(), hashing.close()]);
    await Promise.all(background);
  };
  try {
    await open(app, listen);
  } catch (error) {
    await close();
    throw error;
  }
  const url = urlOf(app.server.address() as AddressInfo, tls !== undefined);
  return { url, metrics, listed: board.listed, close };
}

async function open(app: ReturnType<typeof createApp>, { host, port }: ListenAddress): Promise<void> {
  const hosts = host === '' ? ['::', '0.0.0.0'] : [host];
  for (const [index, one] of hosts.entries()) {
    try {
      await app.listen({ host: one, port });
      return;
    } catch (error) {
      // A machine without IPv6 has no address "::".
      if (index + 1 < hosts.length && isAddressMissing(error)) continue;
      throw cantListen({ host, port }, error);
    }
  }
}

const isAddressMissing = (error: unknown): boolean =>
  ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes((error as NodeJS.ErrnoException).code ?? '');

const cantListen = ({ host, port }: ListenAddress, error: unknown): UsageError =>
  new UsageError(`can't listen on ${host}:${port}: ${messageOf(error)}`, {
    hint: 'Another process may have that port: --listen HOST:0 takes any that is free.',
  });

function urlOf({ address, port, family }: AddressInfo, tls: boolean): string {
  const host = family === 'IPv6' ? `[${address}]` : address;
  return `${tls ? 'https' : 'http'}://${host}:${port}`;
}
