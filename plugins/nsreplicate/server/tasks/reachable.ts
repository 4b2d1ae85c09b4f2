/** Whether clusters answer now, and which version they are. */
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import type { Cluster } from '../../clusters/cluster.ts';

export interface Reachable {
  readonly name: string;
  readonly reachable: boolean;
  /** `v1.34.4`; absent where it does not answer. */
  readonly version?: string;
  readonly problem?: string;
}

const TIMEOUT_MS = 5000;
/** However often somebody asks, a cluster is asked no more often than that. */
const FRESH_MS = 2000;

export class ReachableClusters {
  readonly #clock: Clock;
  readonly #answers = new WeakMap<Cluster, { readonly at: number; readonly answer: Promise<Reachable> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(cluster: Cluster): Promise<Reachable> {
    const now = this.#clock.monotonic();
    const known = this.#answers.get(cluster);
    if (known && now - known.at < FRESH_MS) return known.answer;
    const answer = versionOf(cluster);
    this.#answers.set(cluster, { at: now, answer });
    return answer;
  }
}

async function versionOf({ name, kube }: Cluster): Promise<Reachable> {
  try {
    const request = { method: 'GET', path: '/version', timeoutMs: TIMEOUT_MS } as const;
    const { gitVersion } = await kube.request<{ readonly gitVersion?: string }>(request);
    return { name, reachable: true, version: String(gitVersion) };
  } catch (error) {
    return { name, reachable: false, problem: messageOf(error) };
  }
}
