/** What devsync is measured in: a tree of 20,000 files here, and pods with a memory volume in the lab. */
import { randomBytes } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { agentBundle } from '../../plugins/devsync/agent/bundle.ts';
import { SyncGroup } from '../../plugins/devsync/session/group/sync-group.ts';
import type { RunnerState, RunningSync } from '../../plugins/devsync/session/runner/runner-state.ts';
import { SyncRunner } from '../../plugins/devsync/session/runner/sync-runner.ts';
import { isGroup, type SyncSpec } from '../../plugins/devsync/spec/spec.ts';
import { systemClock } from '../../src/clock.ts';
import { isAlreadyExists } from '../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { namespaces, pods } from '../../src/kube/api/resources.ts';
import { connect } from '../../src/kube/connect/connect.ts';
import { waitFor } from '../../src/kube/watch/wait.ts';
import { contextA, kubeconfig } from '../cluster/support/contexts.ts';
import { imageNames } from '../lab/index.ts';

export const [folders, filesEach] = [500, 40];
export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** The nodes' own folders: a memory volume is seen there as well, without a way through the API server. */
const volumes = '/var/lib/x8s-lab/nodes/*/kubelet/pods';

/** Milliseconds for a first sync. */
const startLimit = 600_000;

/** In seconds. */
interface Taken {
  readonly attach: number;
  readonly sync: number;
  readonly all: number;
}

export class Bench {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly base = mkdtempSync('/dev/shm/devsync-bench-');
  readonly local = join(this.base, 'local');
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  runner!: RunningSync;

  private constructor(kube: KubeClient, namespace: string) {
    this.kube = kube;
    this.namespace = namespace;
    mkdirSync(this.local);
  }

  static async open(): Promise<Bench> {
    const kube = await connect({ kubeconfig, context: contextA, requestTimeoutMs: 30_000 });
    const namespace = `x8s-bench-${randomBytes(3).toString('hex')}`;
    await kube.create(namespaces, { metadata: { name: namespace } });
    return new Bench(kube, namespace);
  }

  /**
   * A pod with an empty memory volume; resolves with the volume's folder on this machine, once the node has come to
   * rest: on two cores, whatever comes and goes beside it counts.
   */
  async pod(
    name: string,
    { labels = {}, node }: { labels?: Record<string, string>; node?: string } = {},
  ): Promise<string> {
    const container = { name: 'app', image: imageNames.plain, command: ['sleep', 'infinity'] };
    const volumeMounts = [{ name: 'data', mountPath: '/data' }];
    const spec = {
      terminationGracePeriodSeconds: 0,
      ...(node !== undefined && { nodeName: node }),
      containers: [{ ...container, volumeMounts }],
      volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }],
    };
    const { namespace } = this;
    for (let attempt = 0; ; attempt++)
      try {
        await this.kube.create(pods, { metadata: { name, namespace, labels }, spec });
        break;
      } catch (error) {
        // An attempt whose answer was lost has made it.
        if (attempt > 0 && isAlreadyExists(error)) break;
        // The namespace's service account is made a moment after it.
        if (attempt > 20) throw error;
        await pause(250);
      }
    const uid = await waitFor(
      this.kube,
      pods,
      { namespace, name },
      (pod) => (pod?.status?.containerStatuses?.[0]?.ready ? pod.metadata.uid : undefined),
      { timeoutMs: 60_000 },
    );
    const [folder] = globSync(`${volumes}/${uid}/volumes/kubernetes.io~empty-dir/data`);
    if (folder === undefined)
      throw new Error(`the volume of pod ${name} is not on this machine: is this the lab?`);
    await pause(1000);
    return folder;
  }

  /** Makes files here that do not compress. @param size of each */
  fill({ size = 10_000, count = folders, each = filesEach } = {}): void {
    for (let folder = 0; folder < count; folder++) {
      mkdirSync(join(this.local, `d${folder}`));
      for (let file = 0; file < each; file++)
        writeFileSync(join(this.local, `d${folder}`, `f${file}`), randomBytes(size));
    }
  }

  /**
   * Starts syncing with a pod of this name, or as the specification says. Resolves, once all sessions rest, with the
   * seconds to attach and to sync.
   */
  async start(name: string, special: Partial<SyncSpec> = {}, count = 1): Promise<Taken> {
    this.#stop = new AbortController();
    const spec: SyncSpec = {
      target: { pod: name },
      remote: '/data',
      local: { workstation: '', who: '', path: this.local, rootId: '' },
      mode: 'two-way-safe',
      from: 'local',
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignore: [],
      ignoreVcs: true,
      useGitignore: false,
      takeGit: false,
      onNewPod: 'conflict',
      launcher: 'auto',
      createRemote: false,
      trashLimits: { local: 2 ** 30, container: 2 ** 28 },
      ...special,
    };
    const folder = join(this.base, 'state', name);
    mkdirSync(folder, { recursive: true });
    const begun = performance.now();
    const problems: string[] = [];
    const Runner = isGroup(spec.target) ? SyncGroup : SyncRunner;
    this.runner = new Runner({
      kube: this.kube,
      namespace: this.namespace,
      name,
      spec,
      folder,
      stateFolder: join(this.base, 'state'),
      metadataCandidates: [join(this.base, 'state', 'kept')],
      bundle: await agentBundle(),
      image: imageNames.controller,
      clock: systemClock,
      signal: this.#stop.signal,
      onLog: (line) => problems.push(line),
    });
    this.#running = this.runner.run();
    this.#running.catch(() => {});
    let attached = 0;
    const isAtRest = ({ phase, sessions }: RunnerState) =>
      phase === 'watching' && (sessions === undefined || sessions.length === count);
    while (!isAtRest(this.runner.state)) {
      if (attached === 0 && this.runner.state.message === 'looking at both sides')
        attached = performance.now();
      if (performance.now() - begun > startLimit) throw new Error(problems.join('\n'));
      await pause(2);
    }
    const done = performance.now();
    return { attach: (attached - begun) / 1000, sync: (done - attached) / 1000, all: (done - begun) / 1000 };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => {});
  }

  async close(): Promise<void> {
    await this.stop();
    await this.kube.delete(namespaces, { name: this.namespace });
    await this.kube.close();
    rmSync(this.base, { recursive: true, force: true });
  }
}
