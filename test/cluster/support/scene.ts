/** A place for one test: namespaces of its own in both clusters, claims, and pods that work on them. */
import { randomBytes } from 'node:crypto';
import type { KubeObject, Pod } from '../../../src/kube/api/objects.ts';
import { namespaces, pods } from '../../../src/kube/api/resources.ts';
import { followLogs } from '../../../src/kube/streams/logs.ts';
import { imageNames, pathOfClaim, runInClaim } from '../../lab/index.ts';
import { eventuallySees } from '../../support/eventually.ts';
import { apply, becomes, clientOf, get, makeNamespace, podIsReady } from './clients.ts';
import { contextA, contextB, isLab } from './contexts.ts';
import { must } from './process.ts';

export interface ClaimOptions {
  readonly size?: string;
  readonly storageClass?: string;
  readonly accessModes?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly volumeMode?: 'Block';
}

/** What runs in a pod, with the claim, or an empty folder, at `path`. */
export interface Container {
  readonly script: string;
  readonly claim?: string;
  /** `/data` where absent. */
  readonly path?: string;
  /** The claim is a block device, which is at `/dev/data`. */
  readonly isDevice?: boolean;
  readonly image?: string;
  /** May do what root of the node may: `trusted.*` attributes, for one. */
  readonly privileged?: boolean;
}

/** Everything that a task makes. */
const childKinds =
  'secrets,statefulsets,services,jobs,cronjobs,networkpolicies,serviceaccounts,roles,rolebindings,pods';

/** What every object of a task bears. */
const managedByUs = 'app.kubernetes.io/managed-by=kubectl-x8sync';

/** A shell's image with GNU tools, attr and acl; any Debian will do outside of the lab. */
export const shellImage = process.env.X8S_TEST_IMAGE ?? imageNames.plain;

export class Scene {
  /** Name of the namespace in both clusters. */
  readonly namespace: string;

  private constructor(namespace: string) {
    this.namespace = namespace;
  }

  static async open(purpose: string, labels: Record<string, string> = {}): Promise<Scene> {
    const scene = new Scene(`x8s-test-${purpose}-${randomBytes(3).toString('hex')}`);
    await Promise.all(scene.contexts.map((context) => makeNamespace(context, scene.namespace, labels)));
    return scene;
  }

  get contexts(): readonly string[] {
    return [...new Set([contextA, contextB])];
  }

  /** Deletes the namespaces. It takes the clusters some seconds more; nobody has to wait for it. */
  async close(): Promise<void> {
    await Promise.all(
      this.contexts.map(async (context) =>
        (await clientOf(context)).delete(namespaces, { name: this.namespace }),
      ),
    );
  }

  /** `context/namespace/claim`, as the command line takes it. */
  ref(context: string, claim: string): string {
    return `${context}/${this.namespace}/${claim}`;
  }

  async claim(context: string, name: string, options: ClaimOptions = {}): Promise<void> {
    const { size = '256Mi', storageClass, accessModes = ['ReadWriteOnce'], annotations = {} } = options;
    const { volumeMode } = options;
    await apply(context, this.namespace, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, annotations },
      spec: {
        accessModes,
        resources: { requests: { storage: size } },
        ...(storageClass !== undefined && { storageClassName: storageClass }),
        ...(volumeMode !== undefined && { volumeMode }),
      },
    });
  }

  /**
   * Runs a shell script as root with the claim at /data, to its end; resolves with what it printed. On the lab's own
   * machine that is straight in the claim's folder, which saves a pod; the claim is bound by that as by its first pod.
   *
   * @param privileged whether it needs what only root of the node may, such as `trusted.*` attributes
   */
  shell(context: string, claim: string, script: string, { privileged = false } = {}): Promise<string> {
    if (isLab) return runInClaim({ cluster: context, namespace: this.namespace, claim }, script);
    return this.run(context, { claim, script, privileged });
  }

  /** Runs a script as root in a pod of its own, to its end; resolves with what it printed. */
  async run(context: string, container: Container): Promise<string> {
    const { script } = container;
    const name = `shell-${randomBytes(4).toString('hex')}`;
    await apply(context, this.namespace, this.#pod(name, container));
    const [kube, pod] = [await clientOf(context), { namespace: this.namespace, name }];
    const endOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.terminated;
    try {
      const ended = await becomes(context, pods, pod, (seen) => endOf(seen) !== undefined);
      let log = '';
      const shell = { namespace: this.namespace, pod: name, container: 'shell' };
      for await (const line of followLogs(kube, shell)) log += `${line}\n`;
      const code = endOf(ended)?.exitCode;
      if (code !== 0) throw new Error(`script ended with ${code}:\n${script}\n${log}`);
      return log;
    } finally {
      // It has ended: nobody has to wait until its node has heard of that.
      await kube.delete(pods, pod, { gracePeriodSeconds: 0 });
    }
  }

  /**
   * Runs a script that only reads, in the claim's folder; on the lab's own machine straight away there, which
   * saves a pod. The claim has to be bound.
   */
  async inspect(context: string, claim: string, script: string): Promise<string> {
    if (!isLab) return this.shell(context, claim, `cd /data\n${script}`);
    const folder = await pathOfClaim({ cluster: context, namespace: this.namespace, claim });
    return must('bash', ['-euc', `cd "$0"\n${script}`, folder]);
  }

  /**
   * `context kind/name` of all that tasks have left but their records: locks, Secrets, pods and the rest; of
   * one task where it is given.
   */
  async leftovers(task?: string): Promise<string[]> {
    const label = task === undefined ? managedByUs : `${managedByUs},x8s.dev/task=${task}`;
    const look = (context: string) =>
      eventuallySees(
        () => get<KubeObject>(context, this.namespace, `${childKinds},configmaps`, label),
        (found) => !found.some((one) => isStray(one, found)),
      );
    const all = await Promise.all(
      this.contexts.map(async (context) =>
        (await look(context)).flatMap(({ apiVersion = '', kind = '', metadata: { name, labels } }) => {
          if (kind === 'ConfigMap' && labels?.['x8s.dev/role'] !== 'lock') return [];
          const group = apiVersion.split('/').slice(0, -1);
          return [`${context} ${[kind.toLowerCase(), ...group].join('.')}/${name}`];
        }),
      ),
    );
    return all.flat();
  }

  /** Names of the records of one task on both sides, or of all tasks, finished or not. */
  async records(task?: string): Promise<string[]> {
    const label = task === undefined ? managedByUs : `x8s.dev/task=${task}`;
    const found = this.contexts.map((context) => get(context, this.namespace, 'configmaps', label));
    return (await Promise.all(found)).flat().map(({ metadata }) => metadata.name);
  }

  /** Phases of a task's records by context and role, as `lab-a source Succeeded`. */
  async phases(task: string): Promise<string[]> {
    const records = await Promise.all(
      this.contexts.map(async (context) => {
        const found = await get<{ metadata: Record<'labels' | 'annotations', Record<string, string>> }>(
          context,
          this.namespace,
          'configmaps',
          `x8s.dev/task=${task}`,
        );
        return found.map(
          ({ metadata: { labels, annotations } }) =>
            `${labels['x8s.dev/role']} ${annotations['x8s.dev/phase']}`,
        );
      }),
    );
    return records.flat().sort();
  }

  /** A pod that keeps the claim mounted at /data until it is deleted. */
  async user(context: string, name: string, claim: string): Promise<void> {
    await apply(context, this.namespace, this.#pod(name, { claim, script: 'sleep infinity' }));
    await podIsReady(context, this.namespace, name);
  }

  #pod(
    name: string,
    { image = shellImage, claim, path = '/data', isDevice = false, script, privileged = false }: Container,
  ): object {
    const data = isDevice
      ? { volumeDevices: [{ name: 'data', devicePath: '/dev/data' }] }
      : { volumeMounts: [{ name: 'data', mountPath: path }] };
    const source = claim === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: claim } };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'shell',
            image,
            command: ['bash', '-euc', script],
            securityContext: { privileged },
            ...data,
          },
        ],
        volumes: [{ name: 'data', ...source }],
      },
    };
  }
}

/**
 * Whether it is a pod that its controller has made before it heard that the Job or StatefulSet is gone, too late for
 * whoever removed that: it does not run, and the garbage collector takes it.
 */
function isStray({ kind, metadata, status }: KubeObject, found: readonly KubeObject[]): boolean {
  const { phase } = (status ?? {}) as { readonly phase?: string };
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const isOwned = found.some(({ metadata: { uid } }) => uid === owner?.uid);
  return kind === 'Pod' && phase === 'Pending' && owner !== undefined && !isOwned;
}

/** Resolves when the mover is in the middle of a large file: a part of it is in the target claim, in the mover's folder. */
export async function partArrives(scene: Scene, context: string, claim: string): Promise<void> {
  const parts = 'find .x8sync -type f -size +64k 2>/dev/null || true';
  await eventuallySees(
    () => scene.inspect(context, claim, parts),
    (found) => found !== '',
  );
}
