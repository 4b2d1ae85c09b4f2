/**
 * Two clusters under the names that documents give them, with namespaces of those names, and a home folder: where
 * commands run just as they are written.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { imageNames } from '../../lab/index.ts';
import { apply, makeNamespace } from './clients.ts';
import { contextA, contextB, kubeconfig } from './contexts.ts';
import { environment, kubectl } from './kubectl.ts';
import { must } from './process.ts';

interface Kubeconfig {
  readonly contexts: readonly { readonly name: string; readonly context: object }[];
}

/** What documents call the first cluster, and the second one. */
const names = {
  [contextA]: ['prod-eu', 'prod', 'one', 'dev-eu', 'a', 'lab-a'],
  [contextB]: ['prod-us', 'standby', 'two', 'b', 'lab-b'],
};

export interface StageOptions {
  readonly namespaces?: readonly string[];
  /** The namespace that contexts have by themselves; the first of the above where absent. */
  readonly namespace?: string;
  /** A folder that is not there yet, where its name is seen; one with a name of its own where absent. */
  readonly folder?: string;
}

export class Stage {
  /** Home, and the folder that commands run in. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #namespaces: readonly string[];
  readonly #namespace: string;

  private constructor({ namespaces = ['shop'], namespace, folder }: StageOptions) {
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'x8s-stage-'));
    if (folder) mkdirSync(folder);
    this.#namespaces = namespaces;
    this.#namespace = namespaces[0] ?? 'default';
    const config = renamed(
      parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig,
      namespace ?? this.#namespace,
    );
    const path = this.write('.kube/config', stringify(config));
    const { NO_COLOR, ...env } = environment;
    this.env = { ...env, KUBECONFIG: path, HOME: this.folder };
  }

  /** @throws {Error} a cluster has a namespace of such a name, which is not ours to use */
  static async open(options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(options);
    for (const context of [contextA, contextB])
      for (const namespace of stage.#namespaces) await makeNamespace(context, namespace);
    return stage;
  }

  /** Writes a file below the folder; returns its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** Applies objects in the stage's own namespace. */
  apply = (context: string, ...objects: object[]): Promise<void> =>
    apply(context, this.#namespace, ...objects);

  /** Runs kubectl in the stage's own namespace. */
  kubectl = (context: string, ...args: string[]): Promise<string> =>
    kubectl(context, ['-n', this.#namespace, ...args]);

  /** Runs a shell script in the folder, to its end, which must be a good one. */
  sh = (script: string): Promise<string> =>
    must('bash', ['-eo', 'pipefail', '-c', script], { env: this.env, cwd: this.folder });

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    for (const context of [contextA, contextB])
      for (const namespace of this.#namespaces)
        await kubectl(context, ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s']);
  }
}

function renamed(config: Kubeconfig, namespace: string): object {
  const contexts = Object.entries(names).flatMap(([from, called]) => {
    const found = config.contexts.find(({ name }) => name === from);
    if (!found) throw new Error(`${kubeconfig} has no context ${from}`);
    return called.map((name) => ({ name, context: { ...found.context, namespace } }));
  });
  return { ...config, contexts, 'current-context': 'prod-eu' };
}

/** A claim of the cluster's own storage class. */
export const claim = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

const image = process.env.X8S_TEST_IMAGE ?? imageNames.plain;

interface WorkloadOptions {
  readonly kind?: 'Deployment' | 'StatefulSet';
  readonly replicas?: number;
  /** What runs in it; it waits for ever where absent. */
  readonly script?: string;
  /** Mounted at /data. */
  readonly claim?: string;
}

/** A workload with label `app`, which waits for ever. */
export function workload(name: string, options: WorkloadOptions = {}): object {
  const { kind = 'Deployment', replicas = 1, script = 'exec sleep infinity', claim: claimName } = options;
  const labels = { app: name };
  const container = {
    name: 'app',
    image,
    command: ['bash', '-c', script],
    ...(claimName && { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
  };
  const spec = {
    terminationGracePeriodSeconds: 0,
    containers: [container],
    ...(claimName && { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] }),
  };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      replicas,
      ...(kind === 'StatefulSet' && { serviceName: name }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec },
    },
  };
}

/** Fills a claim by a script that finds it at /data. */
export async function fill(stage: Stage, context: string, claimName: string, script: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `fill-${claimName}` },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'fill',
          image,
          command: ['bash', '-c', script],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  };
  await stage.apply(context, claim(claimName), pod);
  const done = '--for=jsonpath={.status.phase}=Succeeded';
  await stage.kubectl(context, 'wait', done, '--timeout=180s', `pod/fill-${claimName}`);
  await stage.kubectl(context, 'delete', '--now', `pod/fill-${claimName}`);
}

/** A shell script that deletes all that tells of the task `dr`, the epoch of a promotion among that. */
export const forgetTask = `for cluster in prod standby; do
kubectl --context $cluster -n x8s-nsreplicate get configmap,lease -o name | grep nsreplicate-dr |
xargs -r kubectl --context $cluster -n x8s-nsreplicate delete; done`;
