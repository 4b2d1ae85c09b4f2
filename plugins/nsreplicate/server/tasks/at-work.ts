/** Which tasks somebody works on now: their Leases are renewed. Told by this machine's clock alone, as client-go does it. */
import type { Clock } from '../../../../src/clock.ts';
import type { Lease } from '../../../../src/kube/api/objects.ts';
import { leases } from '../../../../src/kube/api/resources.ts';
import { parseHolder } from '../../../../src/tasks/holder.ts';
import { leaseLock } from '../../../../src/tasks/lock-object.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import { tool } from '../../state/task-objects.ts';
import { KeptObjects, type KeptOptions } from './kept-objects.ts';

/** Leases are renewed every two seconds, and taken over after eight. */
const STALE_MS = 12_000;

export type AtWorkOptions = Omit<KeptOptions<Lease>, 'resource' | 'labelSelector' | 'changed'>;

export class AtWork {
  readonly #clock: Clock;
  readonly #kept: KeptObjects<Lease>;
  /** When this machine last saw a held Lease change, by the Lease's name. */
  readonly #seen = new Map<string, number>();
  readonly #tasks = new Map<string, string>();

  constructor(options: AtWorkOptions) {
    this.#clock = options.clock;
    this.#kept = new KeptObjects({
      ...options,
      resource: leases,
      labelSelector: `${Label.managedBy}=${managerOf(tool)},${Label.role}=lease`,
      changed: (name, lease) => this.#take(name, lease),
    });
  }

  run(): Promise<void> {
    return this.#kept.run();
  }

  /** Whether an instance holds the task and renews that. While the cluster does not answer, nobody is known to. */
  has(task: string): boolean {
    const name = this.#tasks.get(task);
    const seen = name === undefined ? undefined : this.#seen.get(name);
    return seen !== undefined && this.#clock.monotonic() - seen < STALE_MS;
  }

  /** The instance that holds the task's Lease, as `host`, where one does. */
  holderOf(task: string): string | undefined {
    const lease = this.#kept.objects.get(this.#tasks.get(task) ?? '');
    const claim = lease && leaseLock.claimOf(lease);
    return claim && (parseHolder(claim.holder).who.split('@').at(-1) ?? '');
  }

  #take(name: string, lease: Lease | undefined): void {
    const task = lease?.metadata.labels?.[Label.task];
    if (task !== undefined) this.#tasks.set(task, name);
    if (lease && leaseLock.claimOf(lease)) this.#seen.set(name, this.#clock.monotonic());
    else this.#seen.delete(name);
  }
}
