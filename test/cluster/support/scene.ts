/** A place for one test: namespaces of its own in both clusters, claims, and pods that work on them. */
import { randomBytes } from 'node:crypto';
import { imageNames } from '../../lab/index.ts';
import { contextA, contextB } from './contexts.ts';
import { apply, kubectl } from './kubectl.ts';

export interface ClaimOptions {
  readonly size?: string;
  readonly storageClass?: string;
  readonly accessModes?: readonly string[];
}

/** A shell's image with GNU tools, attr and acl; any Debian will do outside of the lab. */
const shellImage = process.env.X8S_TEST_IMAGE ?? imageNames.plain;

export class Scene {
  /** Name of the namespace in both clusters. */
  readonly namespace: string;

  private constructor(namespace: string) {
    this.namespace = namespace;
  }

  static async open(purpose: string, labels: Record<string, string> = {}): Promise<Scene> {
    const scene = new Scene(`x8s-test-${purpose}-${randomBytes(3).toString('hex')}`);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: scene.namespace, labels } };
    await Promise.all(
      scene.contexts.map((context) => kubectl(context, ['create', '-f', '-'], JSON.stringify(namespace))),
    );
    return scene;
  }

  get contexts(): readonly string[] {
    return [...new Set([contextA, contextB])];
  }

  /** Deletes the namespaces and waits until they are gone. */
  async close(): Promise<void> {
    await Promise.all(
      this.contexts.map((context) =>
        kubectl(context, ['delete', 'namespace', this.namespace, '--timeout=120s']),
      ),
    );
  }

  /** `context/namespace/claim`, as the command line takes it. */
  ref(context: string, claim: string): string {
    return `${context}/${this.namespace}/${claim}`;
  }

  async claim(context: string, name: string, options: ClaimOptions = {}): Promise<void> {
    const { size = '256Mi', storageClass, accessModes = ['ReadWriteOnce'] } = options;
    await apply(context, this.namespace, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: {
        accessModes,
        resources: { requests: { storage: size } },
        ...(storageClass !== undefined && { storageClassName: storageClass }),
      },
    });
  }

  /**
   * Runs a shell script as root with the claim at /data, to its end; resolves with what it printed.
   */
  async shell(context: string, claim: string, script: string): Promise<string> {
    const name = `shell-${randomBytes(4).toString('hex')}`;
    await apply(context, this.namespace, this.#pod(name, claim, script));
    const pod = ['-n', this.namespace, `pod/${name}`];
    try {
      await kubectl(context, [
        'wait',
        '--for=jsonpath={.status.containerStatuses[0].state.terminated}',
        '--timeout=180s',
        ...pod,
      ]);
      const log = await kubectl(context, ['logs', '-n', this.namespace, name]);
      const code = await kubectl(context, [
        'get',
        '-o',
        'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}',
        ...pod,
      ]);
      if (code !== '0') throw new Error(`script ended with ${code}:\n${script}\n${log}`);
      return log;
    } finally {
      await kubectl(context, ['delete', '--now', ...pod]);
    }
  }

  /** A pod that keeps the claim mounted at /data until it is deleted. */
  async user(context: string, name: string, claim: string): Promise<void> {
    await apply(context, this.namespace, this.#pod(name, claim, 'sleep infinity'));
    await kubectl(context, [
      '-n',
      this.namespace,
      'wait',
      '--for=condition=Ready',
      '--timeout=60s',
      `pod/${name}`,
    ]);
  }

  #pod(name: string, claim: string, script: string): object {
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
            image: shellImage,
            command: ['bash', '-euc', script],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
      },
    };
  }
}
