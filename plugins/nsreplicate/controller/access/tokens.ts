/** Tokens of ServiceAccounts, asked for by the controller (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/). */

import { type Clock, type Moment, momentOf, msSince } from '../../../../src/clock.ts';
import { isForbidden, isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import type { Resource } from '../../../../src/kube/api/resources.ts';
import type { CredentialSource } from '../../../../src/kube/login/credentials.ts';
import { Refusal } from '../resource/refusal.ts';

const serviceAccounts: Resource<TokenRequest> = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};

interface TokenRequest extends KubeObject {
  spec: { expirationSeconds: number };
  status?: { token: string };
}

const LIFETIME_S = 3600;
/** The share of its life after which a token is replaced. */
const RENEW_AFTER = 0.7;

interface Token {
  readonly text: string;
  readonly asked: Moment;
  /** Milliseconds for which it is used. */
  readonly usedMs: number;
}

/** Credentials of a ServiceAccount for the controller's own cluster, renewed in time. */
export function tokenSource(
  own: KubeClient,
  account: { readonly namespace: string; readonly name: string },
  clock: Clock,
): CredentialSource {
  let latest: Token | undefined;
  return async () => {
    // By both clocks: a server counts on while this machine sleeps.
    if (!latest || msSince(latest.asked, clock) >= latest.usedMs) latest = await request(own, account, clock);
    const { tls } = await own.transport.webSocket();
    const { ca, servername, rejectUnauthorized } = tls;
    return {
      headers: { Authorization: `Bearer ${latest.text}` },
      // What verifies the server, and nothing of who the controller is.
      tls: {
        ...(ca !== undefined && { ca }),
        ...(servername !== undefined && { servername }),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      },
      proxy: undefined,
      agent: undefined,
    };
  };
}

async function request(
  own: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  clock: Clock,
): Promise<Token> {
  const body: TokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { namespace, name },
    spec: { expirationSeconds: LIFETIME_S },
  };
  try {
    const asked = momentOf(clock);
    const { spec, status } = await own.create(serviceAccounts, body, { subresource: 'token' });
    return { text: status?.token ?? '', asked, usedMs: spec.expirationSeconds * 1000 * RENEW_AFTER };
  } catch (error) {
    if (isNotFound(error))
      throw new Refusal(
        'ServiceAccountNotFound',
        `there is no ServiceAccount ${name} in namespace ${namespace}`,
      );
    if (isForbidden(error))
      throw new Refusal(
        'TokenForbidden',
        `the controller may not ask for tokens of ServiceAccounts in namespace ${namespace}`,
        `An administrator allows it: kubectl nsreplicate install --namespaces ${namespace}`,
      );
    throw error;
  }
}
