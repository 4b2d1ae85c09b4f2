/** The task store: tasks as annotated ConfigMaps of one cluster, written optimistically. */
import type { Clock } from '../clock.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../kube/api/client.ts';
import type { ConfigMap } from '../kube/api/objects.ts';
import { type OvertakenOptions, untilNotOvertaken } from '../kube/api/overtaken.ts';
import { configMaps } from '../kube/api/resources.ts';
import { waitGone } from '../kube/watch/wait.ts';
import { Annotation, Label, managerOf, recordName, selectorOf, taskLabels } from './names.ts';
import {
  isFinished,
  isRecord,
  type Peer,
  parseRecord,
  setAll,
  stateOf,
  type TaskRecord,
  type TaskState,
  withSpec,
  withState,
} from './record.ts';
import { Refusals } from './refusals.ts';
import { canonicalJson, specHash } from './spec.ts';

/** How long a deleted record may take to vanish before its name is given up. */
const GONE_LIMIT_MS = 60_000;

export interface TaskStoreOptions {
  readonly kube: KubeClient;
  /** The plugin's name: `x8sync`. */
  readonly tool: string;
  /** Version of the tool's specifications. Records of a newer one are shown, and never worked on. */
  readonly schema: number;
  readonly clock: Clock;
}

export interface TaskFilter extends CallOptions {
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  readonly task?: string | undefined;
  readonly role?: string | undefined;
}

export interface OpenTask extends CallOptions {
  readonly namespace: string;
  readonly task: string;
  readonly role: string;
  /** What decides the data, as JSON: claims by uid, paths, options that change data. No secrets. */
  readonly spec: unknown;
  readonly peer?: Peer | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A change of a record's state. It may be applied more than once, each time to what was just read. */
export type Change = (state: TaskState) => void;

/** `fresh`: the first run; `resumed`: an earlier one stopped; `again`: an earlier one had finished. */
export type StartOutcome = 'fresh' | 'resumed' | 'again';

export interface Started {
  readonly record: TaskRecord;
  readonly outcome: StartOutcome;
  /** What the record was until then, for a run that comes to nothing. */
  readonly before: TaskState;
}

/** The tasks of one tool in one cluster. */
export class TaskStore {
  readonly #kube: KubeClient;
  readonly #tool: string;
  readonly #schema: number;
  readonly #clock: Clock;
  readonly #refusals: Refusals;

  constructor({ kube, tool, schema, clock }: TaskStoreOptions) {
    this.#kube = kube;
    this.#tool = tool;
    this.#schema = schema;
    this.#clock = clock;
    this.#refusals = new Refusals({ kube, tool, schema });
  }

  /** The record of a task in one role, or undefined. Rejects where an object that is not ours has its name. */
  async find(
    namespace: string,
    task: string,
    role: string,
    options?: CallOptions,
  ): Promise<TaskRecord | undefined> {
    const name = recordName(this.#tool, task, role);
    const object = await this.#kube.find(configMaps, { namespace, name }, options);
    return object && this.#parse(this.#ours(object));
  }

  /** All records that fit, the oldest first; also those that this version can't work with. */
  async list({ namespace, task, role, ...options }: TaskFilter = {}): Promise<TaskRecord[]> {
    const labelSelector = selectorOf({
      [Label.managedBy]: managerOf(this.#tool),
      [Label.task]: task,
      [Label.role]: role,
    });
    const { items } = await this.#kube.list(configMaps, { ...options, namespace, labelSelector });
    return items
      .filter((object) => isRecord(this.#tool, object))
      .map((object) => this.#parse(object))
      .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.name.localeCompare(b.name));
  }

  /** Unfinished tasks of this very specification, whatever their name, the newest first. */
  async unfinished(spec: unknown, filter: TaskFilter): Promise<TaskRecord[]> {
    const hash = specHash(this.#schema, spec);
    const records = await this.list(filter);
    return records
      .filter((record) => record.specHash === hash && !record.deleting && !isFinished(record))
      .reverse();
  }

  /**
   * Makes the task's record, or finds the one that is there. A record that is found is not changed: another
   * run may be at work on it. Who holds the lock calls {@link start}.
   *
   * Refuses (RefusedError) a name whose task has another specification, with the differences, a record of a
   * newer version, and an object that is not a task. Waits for a record that is being deleted, for a minute
   * (TimeoutError).
   */
  async open(task: OpenTask): Promise<{ record: TaskRecord; outcome: 'created' | 'found' }> {
    const object = this.#newRecord(task);
    for (;;) {
      const created = await this.#tryCreate(object, task);
      if (created) return { record: this.#parse(created), outcome: 'created' };
      const record = await this.look(task);
      if (record) return { record, outcome: 'found' };
    }
  }

  /** The record that {@link open} would find, refused and waited for likewise. Makes none. */
  async look(task: OpenTask): Promise<TaskRecord | undefined> {
    const record = await this.find(task.namespace, task.task, task.role, task);
    if (!record?.deleting) {
      if (record) this.#checkSame(record, task.spec);
      return record;
    }
    await this.#awaitGone(record, task.signal);
    return undefined;
  }

  /**
   * Begins a run; only for who holds the lock. A task that had finished starts anew: the next run's number,
   * no checkpoints. Any other one goes on with the checkpoints that it has.
   *
   * @param options with `change`, what else this run writes at its begin
   */
  async start(
    record: TaskRecord,
    {
      holder,
      change,
      ...options
    }: CallOptions & { readonly holder: string; readonly change?: Change | undefined },
  ): Promise<Started> {
    let outcome: StartOutcome = 'fresh';
    let before = stateOf(record);
    const started = await this.update(
      record,
      (state) => {
        before = structuredClone(state);
        outcome = state.startedAt === undefined ? 'fresh' : isFinished(state) ? 'again' : 'resumed';
        if (outcome === 'again') {
          state.run += 1;
          state.checkpoints = {};
        }
        if (outcome !== 'resumed') state.startedAt = this.#clock.now().toISOString();
        state.phase = 'Running';
        state.finishedAt = undefined;
        state.message = undefined;
        state.progress = undefined;
        state.holder = holder;
        change?.(state);
      },
      options,
    );
    return { record: started, outcome, before };
  }

  /**
   * Applies a change, where the record was changed meanwhile to what it is now.
   * Refuses (RefusedError) where the task was deleted meanwhile, also where its name exists again.
   */
  async update(record: TaskRecord, change: Change, options?: CallOptions): Promise<TaskRecord> {
    const pause = async (failed: number) => {
      if (failed > 1) await this.#clock.sleep(Math.random() * 10 * failed, options?.signal);
    };
    const changed = (current: TaskRecord): ConfigMap => {
      const state = stateOf(current);
      change(state);
      state.heartbeat = this.#clock.now().toISOString();
      return withState(current.object, state);
    };
    return this.#replace(record, changed, { ...options, pause });
  }

  /**
   * Gives a task that nobody works on another specification; what it has come to stays. The caller knows that it still
   * holds. Refuses (RefusedError) where somebody has changed the specification, or deleted the task, meanwhile.
   */
  async redefine(record: TaskRecord, spec: unknown, options?: CallOptions): Promise<TaskRecord> {
    const changed = (current: TaskRecord): ConfigMap => {
      if (current.specHash !== record.specHash) this.#checkSame(current, record.spec);
      return withSpec(current.object, canonicalJson(spec), specHash(this.#schema, spec));
    };
    return this.#replace(record, changed, options);
  }

  /** @param changed the record as it was read, or as it was read again where somebody has changed it since */
  #replace(
    record: TaskRecord,
    changed: (current: TaskRecord) => ConfigMap,
    { pause, ...options }: CallOptions & Pick<OvertakenOptions, 'pause'> = {},
  ): Promise<TaskRecord> {
    const attempt = async (failed: number): Promise<TaskRecord> => {
      const current = failed === 0 ? record : await this.#reread(record, options);
      if (current.unreadable) throw this.#refusals.unreadable(current);
      try {
        return this.#parse(await this.#kube.replace(configMaps, changed(current), options));
      } catch (error) {
        if (isNotFound(error)) throw this.#refusals.deleted(record, error);
        throw error;
      }
    };
    return untilNotOvertaken(attempt, pause && { pause });
  }

  /**
   * Deletes the record, this very one, and with it (by the garbage collector) all that bears it as its owner.
   * Resolves when the record is gone; {@link removeChildren} is for those who await its children too.
   *
   * @param options with `unchanged`, one that was written since it was read stays
   */
  async remove(
    record: TaskRecord,
    { unchanged = false, ...options }: CallOptions & { readonly unchanged?: boolean } = {},
  ): Promise<void> {
    const { namespace, name, uid } = record;
    const { resourceVersion } = record.object.metadata;
    const only = { uid, ...(unchanged && { resourceVersion }) };
    try {
      await this.#kube.delete(configMaps, { namespace, name }, { ...options, ...only });
    } catch (error) {
      // The name belongs to a successor already, or a run has begun.
      if (isConflict(error)) return;
      throw error;
    }
    await this.#awaitGone(record, options.signal);
  }

  /** `ConfigMap prod/x8sync-web-target (context lab-b)`: how messages name a record. */
  describe(record: { readonly namespace?: string | undefined; readonly name: string }): string {
    return this.#refusals.describe(record);
  }

  #parse(object: ConfigMap): TaskRecord {
    return parseRecord(this.#tool, this.#schema, object);
  }

  async #reread(record: TaskRecord, options?: CallOptions): Promise<TaskRecord> {
    const now = await this.find(record.namespace, record.task, record.role, options);
    if (now?.uid !== record.uid) throw this.#refusals.deleted(record);
    return now;
  }

  async #awaitGone(record: TaskRecord, signal: AbortSignal | undefined): Promise<void> {
    const options = { uid: record.uid, timeoutMs: GONE_LIMIT_MS, signal, clock: this.#clock };
    await waitGone(this.#kube, configMaps, record, options);
  }

  /** Not to be aborted: a create that is cut off may have happened, and nobody would know of the record. */
  async #tryCreate(object: ConfigMap, { timeoutMs }: CallOptions): Promise<ConfigMap | undefined> {
    try {
      return await this.#kube.create(configMaps, object, { timeoutMs });
    } catch (error) {
      if (isAlreadyExists(error)) return undefined;
      throw error;
    }
  }

  #newRecord({ namespace, task, role, spec, peer, labels, annotations }: OpenTask): ConfigMap {
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: recordName(this.#tool, task, role),
        namespace,
        labels: { ...labels, ...taskLabels(this.#tool, task, role) },
        annotations: {
          ...annotations,
          [Annotation.schema]: String(this.#schema),
          [Annotation.specHash]: specHash(this.#schema, spec),
          [Annotation.phase]: 'Pending',
          [Annotation.run]: '1',
        },
      },
      data: setAll({ spec: canonicalJson(spec), checkpoints: '{}' }, { peer: peer && JSON.stringify(peer) }),
    };
  }

  #ours(object: ConfigMap): ConfigMap {
    if (isRecord(this.#tool, object)) return object;
    throw this.#refusals.notOurs(object);
  }

  #checkSame(record: TaskRecord, spec: unknown): void {
    const why = this.#refusals.otherTask(record, spec);
    if (why) throw why;
  }
}
