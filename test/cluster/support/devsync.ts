/** A workstation of its own, pods of many kinds, and kubectl devsync as a person calls it. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { askControl } from '../../../plugins/devsync/control/socket.ts';
import { Workstation } from '../../../plugins/devsync/spec/workstation.ts';
import { configMaps } from '../../../src/kube/api/resources.ts';
import { execOutput } from '../../../src/kube/streams/exec.ts';
import { eventually, HopelessError } from '../../support/eventually.ts';
import { slowness } from '../../support/slowness.ts';
import { apply, clientOf, podIsReady } from './clients.ts';
import { contextA } from './contexts.ts';
import { environment, kubectl, pluginProgram, startPlugin } from './kubectl.ts';
import type { Place } from './namespace.ts';
import { type Ended, type Running, run } from './process.ts';

export const images = {
  plain: 'x8s.dev/test/plain:1',
  still: 'x8s.dev/test/static:1',
  node: `x8s.dev/controller:${JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')).version}`,
};

export const forever = ['sh', '-c', 'mkdir -p /work 2>/dev/null; exec sleep infinity'];
export const nodeForever = ['node', '-e', 'setInterval(()=>{},1e9)'];

/** What a running sync tells of itself. */
export interface Seen {
  readonly state: {
    readonly phase: string;
    readonly message: string;
    readonly pod: string;
    readonly launcher: string;
    readonly files: number;
    readonly conflicts: readonly { readonly path: string }[];
    readonly problems: readonly { readonly path: string; readonly problem: string }[];
    readonly degraded: readonly string[];
    readonly sessions?: readonly {
      readonly role: string;
      readonly pod: string;
      readonly container: string;
    }[];
    readonly reloads: readonly { readonly rule: string; readonly phase: string; readonly message: string }[];
  } | null;
}

/** A pod that goes without delay. */
export const podOf = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 0, ...spec },
});

/** No pod is admitted before its service account exists, which a busy cluster makes a while after the namespace. */
export const makePods = (namespace: string, ...pods: object[]): Promise<void> =>
  eventually(() => apply(contextA, namespace, ...pods));

export interface Synced {
  /** Pod for this test alone; without one, it is the pod that all of a file share. */
  readonly pod?: object;
  readonly options?: readonly string[];
  readonly remote?: string;
}

/** For a sync to come to a state: an agent may have to begin first, or five rollouts to end, beside other tests. */
const patienceMs = 150_000 * slowness();

/** An agent beside a container takes seconds to begin: tests that leave their pod in one piece share it. */
const sharedPod = 'shared';

export class Workplace {
  readonly namespace: string;
  readonly #place: Place;
  readonly base = mkdtempSync(join(tmpdir(), 'devsync-cluster-'));
  readonly local = join(this.base, 'local');
  /** Where a file is written before it is put in place: nobody looks there. */
  readonly #drafts = mkdtempSync(join(tmpdir(), 'devsync-drafts-'));
  /** Of whoever works here; the tests' own where absent. */
  kubeconfig: string | undefined;
  /** What `watch` is started under. */
  under: readonly string[] = [];
  #watch: Running | undefined;
  /** What a watch said that ended by itself. */
  #ended: string | undefined;
  /** A sync in the shared pod: the name stands for the pod as well. */
  #shared: string | undefined;

  constructor(place: Place) {
    this.#place = place;
    this.namespace = place.namespace;
    mkdirSync(this.local);
  }

  /** Makes a sync of this name and runs it, until both sides are the same. */
  async sync(name: string, { pod, options = [], remote = '/work' }: Synced = {}): Promise<void> {
    if (pod === undefined) await this.#share(name, remote);
    else await this.pod(name, pod);
    await this.must('create', '--name', name, '--pod', this.podOf(name), ...options, this.local, remote);
    await this.watch(name);
    await this.reaches(name, 'watching');
  }

  /** The pod that a name means. */
  podOf(name: string): string {
    return name === this.#shared ? sharedPod : name;
  }

  async #share(name: string, remote: string): Promise<void> {
    this.#shared = name;
    const containers = [{ name: 'app', image: images.plain, command: forever }];
    await this.pod(sharedPod, { containers });
    await this.sh(name, `rm -rf /work /srv/* /victim; mkdir -p ${remote}`);
  }

  /**
   * Writes a file here, at once: half of it that is seen on the way would be a save of its own.
   *
   * @param time that it bears, in seconds; now where absent
   */
  write(path: string, text: string, time?: number): void {
    const [draft, file] = [join(this.#drafts, 'draft'), join(this.local, path)];
    writeFileSync(draft, text);
    if (time !== undefined) utimesSync(draft, time, time);
    mkdirSync(dirname(file), { recursive: true });
    renameSync(draft, file);
  }

  read(path: string): string {
    return readFileSync(join(this.local, path), 'utf8');
  }

  devsync(...args: string[]): Promise<Ended> {
    const env = { ...environment, ...this.#environment };
    return run(pluginProgram('devsync'), this.#arguments(args), { env });
  }

  /** As `devsync`, and it must end well. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.devsync(...args);
    if (code !== 0) throw new Error(`kubectl devsync ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** `watch` beside the test. */
  async watch(...args: string[]): Promise<void> {
    const all = this.#arguments(['watch', ...args]);
    this.#watch = startPlugin('devsync', all, this.#environment, this.under);
    const watch = this.#watch;
    watch.ended.then(
      () => {
        this.#ended = watch.output.stderr;
      },
      () => {},
    );
  }

  /** The process of `watch`. */
  get watchId(): number | undefined {
    return this.#watch?.child.pid;
  }

  start(...args: string[]): Running {
    return startPlugin('devsync', this.#arguments(args), this.#environment);
  }

  /** Ends `watch` as Ctrl-C does, or the hard way. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    const watch = this.#watch;
    if (watch === undefined) throw new Error('no watch was begun');
    watch.child.kill(signal);
    const ended = await watch.ended;
    [this.#watch, this.#ended] = [undefined, undefined];
    return ended;
  }

  /** Waits until a sync is in a phase. It is asked as `get` does, without a process for each question. */
  async reaches(name: string, phase: string, test: (seen: Seen) => boolean = () => true): Promise<Seen> {
    return eventually(async () => {
      const seen = await this.#look(name);
      if (seen.state?.phase === phase && test(seen)) return seen;
      if (this.#ended !== undefined && seen.state === null)
        throw new HopelessError(`watch ended: ${this.#ended}`);
      throw new Error(`${name} is ${JSON.stringify(seen.state)}, not ${phase}`);
    }, patienceMs);
  }

  async #look(name: string): Promise<Seen> {
    const workstation = new Workstation(join(this.base, 'state', 'devsync'), process.platform);
    const sync = workstation.registered().findLast((one) => one.name === name);
    if (sync === undefined) return { state: null };
    const signal = AbortSignal.timeout(20_000);
    const state = await askControl(workstation.socketOf(sync.uid), 'state', {}, { signal }).catch(() => null);
    return { state: state as Seen['state'] };
  }

  /** Runs a shell line in a container. */
  async sh(pod: string, line: string, container = 'app'): Promise<string> {
    const [kube, where] = [await clientOf(contextA), { namespace: this.namespace, pod: this.podOf(pod) }];
    return execOutput(kube, { ...where, container, command: ['sh', '-c', line], limit: 64 << 20 });
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl(contextA, ['-n', this.namespace, ...args]);
  }

  async pod(name: string, spec: object): Promise<void> {
    await makePods(this.namespace, podOf(name, spec));
    await podIsReady(contextA, this.namespace, name);
  }

  async close(): Promise<void> {
    await this.stop().catch(() => {});
    // The next test's sync has the same directory in the same pod.
    const { kube, namespace } = this.#place;
    const name = this.#shared && `devsync-${this.#shared}-container`;
    if (name) await kube.delete(configMaps, { namespace, name }).catch(() => {});
    for (const folder of [this.base, this.#drafts]) rmSync(folder, { recursive: true, force: true });
  }

  get #environment() {
    return { X8S_STATE_DIR: join(this.base, 'state') };
  }

  #arguments(args: string[]): string[] {
    const who = this.kubeconfig === undefined ? [] : ['--kubeconfig', this.kubeconfig];
    return [...args, '--context', contextA, '-n', this.namespace, ...who];
  }
}
