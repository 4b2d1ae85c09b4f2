/** What people ask of the controller's tasks, heard by one watch for all of them. */
import { onAbort } from '../../../src/async/abort.ts';
import type { Clock } from '../../../src/clock.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { ConfigMap } from '../../../src/kube/api/objects.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { Label, managerOf, selectorOf } from '../../../src/tasks/names.ts';
import { stateNamespace } from '../decide/spec.ts';
import { controlOf, type watchControl } from '../state/control.ts';
import { metadataOf, tool } from '../state/task-objects.ts';

type Tell = (object: ConfigMap | undefined) => void;

export class SharedControls {
  readonly #objects = new Map<string, ConfigMap>();
  readonly #followers = new Map<string, Tell>();
  readonly #kube: KubeClient;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #listed: Promise<void> | undefined;

  /** Watches from the first task on, until the signal aborts. */
  constructor(kube: KubeClient, clock: Clock, signal: AbortSignal) {
    this.#kube = kube;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** As the engine's own watch of one task. */
  readonly watch: typeof watchControl = async (_kube, task, heard, { signal }) => {
    this.#listed ??= this.#begin();
    await this.#listed;
    if (signal.aborted) return;
    const { name } = metadataOf(task, 'control');
    const tell: Tell = (object) => heard(controlOf(object));
    this.#followers.set(name, tell);
    tell(this.#objects.get(name));
    await new Promise<void>((resolve) => onAbort(signal, resolve));
    // A successor may have taken its place.
    if (this.#followers.get(name) === tell) this.#followers.delete(name);
  };

  #begin(): Promise<void> {
    const listed = Promise.withResolvers<void>();
    const labelSelector = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.role]: 'control' });
    const options = { namespace: stateNamespace, labelSelector, clock: this.#clock };
    const handler = {
      replaced: (objects: ConfigMap[]) => {
        this.#replace(objects);
        listed.resolve();
      },
      event: (type: string, object: ConfigMap) =>
        this.#take(object.metadata.name, type === 'DELETED' ? undefined : object),
    };
    listWatch(this.#kube, configMaps, options, handler, this.#signal).catch((error: unknown) => {
      this.#listed = undefined;
      listed.reject(error);
    });
    return listed.promise;
  }

  #replace(objects: readonly ConfigMap[]): void {
    const found = new Map(objects.map((object) => [object.metadata.name, object]));
    for (const name of new Set([...this.#objects.keys(), ...found.keys()])) this.#take(name, found.get(name));
  }

  #take(name: string, object: ConfigMap | undefined): void {
    if (object) this.#objects.set(name, object);
    else this.#objects.delete(name);
    this.#followers.get(name)?.(object);
  }
}
