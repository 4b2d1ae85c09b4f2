/** Why a task is not worked on: what the store says of records that are not what they should be. Pure. */
import { RefusedError } from '../errors.ts';
import type { KubeClient } from '../kube/api/client.ts';
import type { ConfigMap } from '../kube/api/objects.ts';
import type { TaskRecord } from './record.ts';
import { canonicalJson, diffSpecs, isSpecIntact, specHash } from './spec.ts';

/** Which records they are about. */
interface Place {
  readonly kube: Pick<KubeClient, 'cluster'>;
  /** The plugin's name. */
  readonly tool: string;
  /** Version of the tool's specifications. */
  readonly schema: number;
}

export class Refusals {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** `ConfigMap prod/x8sync-web-target (context lab-b)`: how messages name a record. */
  describe({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string {
    return `ConfigMap ${namespace ?? ''}/${name} (context ${this.#place.kube.cluster.context})`;
  }

  /** Something else has the record's name. */
  notOurs(object: ConfigMap): RefusedError {
    const text = `${this.describe(object.metadata)} was not made by kubectl ${this.#place.tool}.`;
    return new RefusedError(text, {
      hint: 'It is left as it is. Use another name for the task.',
    });
  }

  /** Why a record is not one of a task with this specification, with the differences; undefined where it is. */
  otherTask(record: TaskRecord, spec: unknown): RefusedError | undefined {
    const { schema } = this.#place;
    if (record.unreadable) return this.unreadable(record);
    const differences = () => diffSpecs(record.spec, JSON.parse(canonicalJson(spec)));
    if (record.specHash === specHash(schema, spec))
      return isSpecIntact(record) ? undefined : this.#edited(record, differences());
    const schemas =
      record.schema === schema ? [] : [`schema: ${record.schema} → ${schema} (version of the plugin)`];
    return new RefusedError(
      `Task ${JSON.stringify(record.task)} exists already and is about something else: ${this.describe(record)}.`,
      {
        details: [...schemas, ...differences()],
        hint: 'Use another name, or clean that task up first.',
      },
    );
  }

  /** Of a record whose specification is not any more what the task was begun with. */
  #edited(record: TaskRecord, differences: readonly string[]): RefusedError {
    return new RefusedError(
      `Task ${JSON.stringify(record.task)} can't be worked on: somebody has edited its specification; ${this.describe(record)}.`,
      { details: differences, hint: 'Put it back as it was, or clean that task up first.' },
    );
  }

  /** Of a record that a newer version has written, or somebody has changed. */
  unreadable(record: TaskRecord): RefusedError {
    return new RefusedError(
      `Task ${JSON.stringify(record.task)} can't be worked on: ${record.unreadable}; ${this.describe(record)}.`,
      {
        hint: record.isNewer
          ? `Use the version of kubectl ${this.#place.tool} that wrote it, or another name for the task.`
          : 'Somebody has changed it: clean that task up first, or use another name.',
      },
    );
  }

  /** Of a record that was there, and is not any more, or is another one. */
  deleted(record: TaskRecord, cause?: unknown): RefusedError {
    return new RefusedError(
      `Task ${JSON.stringify(record.task)} was deleted while it ran: ${this.describe(record)} is gone.`,
      { hint: 'Run the command again to start it anew.', cause },
    );
  }
}
