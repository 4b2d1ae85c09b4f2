/** The service beside a watch or a controller: its flags, checked, and its start. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { LiveTask } from '../../run/live-task.ts';
import type { TlsSource } from '../../server/http/tls.ts';
import type { Service } from '../../server/service.ts';

export interface ServiceFlags {
  readonly listen: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** The certificate is in the cluster that keeps the tasks' state. */
  readonly ownCertificate?: boolean;
  readonly insecureListen: boolean;
  readonly metricsAuth: 'token' | 'none';
}

/** @throws {UsageError} flags of the service without it, one of a pair without the other, or two certificates */
export function checkServiceFlags(flags: ServiceFlags): void {
  const { listen, tlsCert, tlsKey, ownCertificate = false, insecureListen, metricsAuth } = flags;
  if (
    listen === undefined &&
    (tlsCert !== undefined ||
      tlsKey !== undefined ||
      ownCertificate ||
      insecureListen ||
      metricsAuth === 'none')
  )
    throw new UsageError(
      'Flags of a certificate, --insecure-listen and --metrics-auth are for a service: --listen HOST:PORT',
    );
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key belong together');
  if (tlsCert !== undefined && ownCertificate)
    throw new UsageError('--own-certificate and --tls-cert are two certificates: choose one');
}

/** What the service shows. */
export interface Serving {
  /** The cluster that keeps the tasks' state. */
  readonly state: KubeClient;
  readonly tasks: () => readonly LiveTask[];
  readonly watchRestarts: () => ReadonlyMap<string, number>;
}

/** Starts the service, where `--listen` asks for it; only then is anything of it loaded. */
export async function serve(
  flags: ServiceFlags,
  serving: Serving,
  { plugin, clock, signal, reporter }: KubeCommandContext,
): Promise<Service | undefined> {
  const { listen, insecureListen: insecure, metricsAuth } = flags;
  if (listen === undefined) return undefined;
  const [{ startService }, { parseListen }] = await Promise.all([
    import('../../server/service.ts'),
    import('../../server/http/address.ts'),
  ]);
  const service = await startService({
    ...serving,
    listen: parseListen(listen),
    tls: await certificateOf(flags, serving.state, (text) => reporter.info(text)),
    insecure,
    openMetrics: metricsAuth === 'none',
    version: plugin.version,
    commit: plugin.commit,
    clock,
    signal,
    warn: (text) => reporter.warn(text),
  });
  reporter.info(`listening on ${service.url}`);
  return service;
}

async function certificateOf(
  { tlsCert: cert, tlsKey: key, ownCertificate }: ServiceFlags,
  state: KubeClient,
  info: (text: string) => void,
): Promise<TlsSource | undefined> {
  if (ownCertificate) return (await import('../../server/certificate/secret.ts')).secretSource(state, info);
  if (cert === undefined || key === undefined) return undefined;
  return (await import('../../server/http/tls.ts')).filesSource({ cert, key });
}
