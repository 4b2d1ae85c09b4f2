/** The two clusters of a test run. Also for processes that tests start, so jest is not in it. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { type ConnectOptions, connect } from '../../../src/kube/connect/connect.ts';

/** A variable that `npm test` sets, or the person who runs one file. */
export function setting(name: 'X8S_KUBECONFIG' | 'X8S_CONTEXT_A' | 'X8S_CONTEXT_B'): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: run the tests by npm test`);
  return value;
}

/** A client of one of the two clusters, also as somebody else. */
export function clusterOf(
  which: 'A' | 'B',
  who: Pick<ConnectOptions, 'as' | 'asGroups'> = {},
): Promise<KubeClient> {
  const [kubeconfig, context] = [setting('X8S_KUBECONFIG'), setting(`X8S_CONTEXT_${which}`)];
  return connect({ ...who, kubeconfig, context, requestTimeoutMs: 30_000 });
}
