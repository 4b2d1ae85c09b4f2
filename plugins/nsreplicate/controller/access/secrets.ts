/** Secrets that resources name, each watched once, so that a rotated kubeconfig is taken up at once. */
import type { Clock } from '../../../../src/clock.ts';
import { messageOf } from '../../../../src/errors.ts';
import { isForbidden } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Secret } from '../../../../src/kube/api/objects.ts';
import { secrets } from '../../../../src/kube/api/resources.ts';
import { listWatch } from '../../../../src/kube/watch/watch.ts';
import { Refusal } from '../resource/refusal.ts';
import { Shared } from './shared.ts';

interface Place {
  readonly namespace: string;
  readonly name: string;
}

class Watched {
  latest: Secret | undefined;
  readonly ended = new AbortController();
  readonly followers = new Set<() => void>();

  set(secret: Secret | undefined): void {
    const before = JSON.stringify(this.latest?.data);
    this.latest = secret;
    if (JSON.stringify(secret?.data) === before) return;
    for (const tell of [...this.followers]) tell();
  }
}

export class WatchedSecrets {
  readonly #kube: KubeClient;
  readonly #clock: Clock;
  readonly #shared = new Shared<Watched>((watched) => watched.ended.abort());

  constructor(kube: KubeClient, clock: Clock) {
    this.#kube = kube;
    this.#clock = clock;
  }

  /**
   * The Secret as it is now; tells when it changes, until the signal aborts. Undefined: there is none.
   * @throws {Refusal} it may not be read
   */
  async follow(place: Place, changed: () => void, signal: AbortSignal): Promise<Secret | undefined> {
    const key = `${place.namespace}/${place.name}`;
    const watched = await this.#shared.use(key, () => this.#watch(place), signal);
    watched.followers.add(changed);
    signal.addEventListener('abort', () => watched.followers.delete(changed), { once: true });
    return watched.latest;
  }

  async #watch({ namespace, name }: Place): Promise<Watched> {
    const watched = new Watched();
    const listed = Promise.withResolvers<void>();
    const options = { namespace, fieldSelector: `metadata.name=${name}`, clock: this.#clock };
    const handler = {
      replaced: ([secret]: Secret[]) => {
        watched.set(secret);
        listed.resolve();
      },
      event: (type: string, secret: Secret) => watched.set(type === 'DELETED' ? undefined : secret),
    };
    listWatch(this.#kube, secrets, options, handler, watched.ended.signal).catch(listed.reject);
    await listed.promise.catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
      throw new Refusal(
        'SecretForbidden',
        `the controller may not read Secret ${name} in namespace ${namespace}: ${messageOf(error)}`,
        `An administrator allows it: kubectl nsreplicate install --namespaces ${namespace}`,
      );
    });
    return watched;
  }
}
