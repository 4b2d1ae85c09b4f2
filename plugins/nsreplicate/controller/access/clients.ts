/** The controller's connections: one for each identity, however many resources use it. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../../src/clock.ts';
import { UnreachableError, X8sError } from '../../../../src/errors.ts';
import { AnswerTooLong } from '../../../../src/kube/api/answer-too-long.ts';
import { ApiError } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { ConnectionError } from '../../../../src/kube/api/connection-error.ts';
import type { Transport } from '../../../../src/kube/api/transport.ts';
import { connectPoint } from '../../../../src/kube/connect/connect.ts';
import { createClient } from '../../../../src/kube/connect/rest.ts';
import { Refusal } from '../resource/refusal.ts';
import { type Addresses, guardedLookup, RefusedAddress } from './addresses.ts';
import { withBoundedAnswers } from './bounded.ts';
import { checkedPoint } from './kubeconfig.ts';
import { withinNamespace, withoutForeignTexts } from './restrict.ts';
import type { Identity } from './rights.ts';
import { Shared } from './shared.ts';
import { tokenSource } from './tokens.ts';

export interface ClientsOptions {
  /** With the controller's own rights; never closed here. */
  readonly own: KubeClient;
  readonly clock: Clock;
  /** Milliseconds for one request. */
  readonly requestTimeoutMs: number;
  readonly userAgent: string;
  /** Where kubeconfigs may not lead, as that is known now. */
  readonly addresses: () => Addresses;
}

export class Clients {
  readonly #options: ClientsOptions;
  readonly #shared = new Shared<KubeClient>((client) => client.close());

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** Of the controller's own cluster, until the signal aborts. */
  async local(identity: Identity, signal: AbortSignal): Promise<KubeClient> {
    const { own } = this.#options;
    if (identity.who === 'controller') return own;
    const key = JSON.stringify(identity);
    return this.#shared.use(key, () => this.#localClient(identity), signal);
  }

  /**
   * Of the cluster that a kubeconfig leads to, until the signal aborts.
   * @throws {Refusal} it may not be followed, or leads to no API server
   */
  async remote(kubeconfig: string, signal: AbortSignal): Promise<KubeClient> {
    const point = checkedPoint(kubeconfig, this.#options.addresses());
    const { clock, requestTimeoutMs, userAgent } = this.#options;
    const lookup = guardedLookup(this.#options.addresses);
    const wrap = (transport: Transport) => withoutForeignTexts(withBoundedAnswers(transport, point.info));
    const make = () => connectPoint(point, { clock, requestTimeoutMs, userAgent, lookup, wrap });
    const key = createHash('sha256').update(kubeconfig).digest('hex');
    const client = await this.#shared.use(key, make, signal);
    await checkApiServer(client, signal);
    return client;
  }

  async #localClient(identity: Exclude<Identity, { who: 'controller' }>): Promise<KubeClient> {
    const { own, clock, requestTimeoutMs, userAgent } = this.#options;
    const { namespace } = identity;
    if (identity.who === 'namespace')
      return createClient(own.cluster, withinNamespace(own.transport, namespace), {
        clock,
        requestTimeoutMs,
      });
    const user = `system:serviceaccount:${namespace}:${identity.name}`;
    const { server } = own.cluster;
    const point = { info: { ...own.cluster, user }, cluster: { server }, user: {} };
    const source = async () => tokenSource(own, identity, clock);
    return connectPoint(point, { clock, requestTimeoutMs, userAgent, source });
  }
}

/** Before anything is said of a server it has to show that it is an API server. */
async function checkApiServer(kube: KubeClient, signal: AbortSignal): Promise<void> {
  const { server } = kube.cluster;
  const no = (why: string) =>
    new Refusal('NoApiServer', `${server} answers, but not as an API server does${why}`);
  const version = await kube
    .request<{ gitVersion?: unknown }>({ method: 'GET', path: '/version', signal })
    .catch((error: unknown) => {
      if (error instanceof ConnectionError && error.cause instanceof RefusedAddress)
        throw new Refusal('KubeconfigRefused', `the kubeconfig: ${error.cause.message}`);
      if (error instanceof UnreachableError || !(error instanceof X8sError)) throw error;
      // Some let nobody see their version without rights.
      if (error instanceof ApiError && error.status) return { gitVersion: '' };
      if (error instanceof AnswerTooLong) throw no(', and without an end');
      throw no(error instanceof ApiError ? ` (HTTP ${error.code})` : '');
    });
  if (typeof version?.gitVersion !== 'string') throw no('');
}
