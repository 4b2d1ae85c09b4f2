/** The service beside a watch: its flags, checked, and its start. */
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { UsageError } from '../../../src/errors.ts';
import type { Informers } from '../cache/informers.ts';
import type { Service } from '../server/service.ts';
import type { LiveTask } from '../server/tasks/live-task.ts';
import type { Opened } from './open-task.ts';

export interface ServiceFlags {
  readonly listen: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly insecureListen: boolean;
  readonly metricsAuth: 'token' | 'none';
}

/** @throws {UsageError} flags of the service without it, or one of a pair without the other */
export function checkServiceFlags({ listen, tlsCert, tlsKey, insecureListen }: ServiceFlags): void {
  if (listen === undefined && (tlsCert !== undefined || tlsKey !== undefined || insecureListen))
    throw new UsageError('--tls-cert, --tls-key and --insecure-listen are for a service: --listen HOST:PORT');
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key belong together');
}

export interface Serving {
  readonly opened: Opened;
  readonly informers: Informers;
  readonly working: LiveTask['working'];
}

/** Starts the service, where `--listen` asks for it; only then is anything of it loaded. */
export async function serve(
  { listen, tlsCert: cert, tlsKey: key, insecureListen: insecure, metricsAuth }: ServiceFlags,
  { opened, informers, working }: Serving,
  { plugin, clock, signal, reporter }: KubeCommandContext,
): Promise<Service | undefined> {
  if (listen === undefined) return undefined;
  const [{ startService }, { parseListen }] = await Promise.all([
    import('../server/service.ts'),
    import('../server/http/address.ts'),
  ]);
  const { spec, primary, replicas, state } = opened;
  const service = await startService({
    listen: parseListen(listen),
    tls: cert !== undefined && key !== undefined ? { cert, key } : undefined,
    insecure,
    openMetrics: metricsAuth === 'none',
    state,
    tasks: () => [{ spec, primary, replicas, working }],
    watchRestarts: () => informers.restarts,
    version: plugin.version,
    commit: plugin.commit,
    clock,
    signal,
    warn: (text) => reporter.warn(text),
  });
  reporter.info(`listening on ${service.url}`);
  return service;
}
