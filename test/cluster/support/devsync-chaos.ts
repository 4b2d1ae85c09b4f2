/** Random work on both sides of a sync, what may befall it meanwhile, and what has to hold afterwards. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import { eventually, eventuallySees } from '../../support/eventually.ts';
import { apply } from './clients.ts';
import { contextA } from './contexts.ts';
import { images, type Seen, type Workplace } from './devsync.ts';
import { withNode } from './devsync-kinds.ts';
import { allContents, containerSide, killAgents, localSide } from './devsync-sides.ts';

/** What a shell in the container does at random for a while, in files of four directories. */
export const workThere = (seed: number, steps: number) => `exec bash <<'END'
RANDOM=${seed}; cd /work
for i in $(seq ${steps}); do
  f=$((RANDOM % 4))/$((RANDOM % 5))
  case $((RANDOM % 6)) in
    0) rm -f $f;;
    1) mv $f $((RANDOM % 4))/$((RANDOM % 5));;
    2) chmod +x $f;;
    *) mkdir -p $(dirname $f); t="there ${seed} $i"; printf '%s' "$t" >.tmp && mv .tmp $f;;
  esac 2>/dev/null
  sleep 0.0$((RANDOM % 10))
done
END`;

/** The same on this side. */
export async function workHere(root: string, seed: number, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const random = (below: number) => Math.floor(Math.random() * below);
    const path = () => join(root, `${random(4)}`, `${random(5)}`);
    const file = path();
    try {
      const act = random(6);
      if (act === 0) rmSync(file, { force: true });
      else if (act === 1) renameSync(file, path());
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(
          join(root, '.tmp'),
          `here ${seed} ${step} ${'x'.repeat(random(3) === 0 ? random(300_000) : 9)}`,
        );
        renameSync(join(root, '.tmp'), file);
      }
    } catch {
      // What it wanted to work on was not there.
    }
    await new Promise((resolve) => setTimeout(resolve, random(60)));
  }
}

const files = (side: string) =>
  [...side.matchAll(/^([0-9a-f]{64}) {2}(.*)$/gm)].map(([, digest = '', path = '']) => ({ digest, path }));

/**
 * Waits until nothing is left to do. Then the container has what is here, but for listed conflicts, and nothing that a
 * side had is lost.
 */
export async function expectSettled(it: Workplace, name: string, pod = name): Promise<void> {
  const before = [localSide(it), await containerSide(it, pod)]
    .flatMap(files)
    .filter(({ path }) => path !== './.tmp');
  const flushed = await it.devsync('flush', name, '-o', 'json');
  if (flushed.code !== 0 && flushed.code !== 5) throw new Error(`flush: ${flushed.code}: ${flushed.stderr}`);
  const { state } = await it.reaches(name, 'watching');
  const conflicts = (state?.conflicts ?? []).map(({ path }) => `./${path}`);
  const isListed = (line: string) =>
    conflicts.some((path) => line.includes(`${path}/`) || line.endsWith(path));
  const [local, there] = [localSide(it), await containerSide(it, pod)].map((side) =>
    side.split('\n').filter((line) => !isListed(line)),
  );
  expect(there).toEqual(local);
  const left = await allContents(it, pod);
  expect(before.filter(({ digest }) => !left.has(digest))).toEqual([]);
}

const replicas = 3;
const sessionsOf = ({ state }: Seen) => state?.sessions ?? [];

/** A container that ends when it is told to, and is started again. */
const mortal = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
const data = { name: 'data', mountPath: '/work' };

const plainPod = {
  containers: [{ name: 'app', image: images.plain, command: mortal, volumeMounts: [data] }],
  volumes: [{ name: 'data', emptyDir: {} }],
};

const podWithNode = withNode({ command: mortal, mounts: [data], volumes: plainPod.volumes });

const deploymentOf = (name: string, pod: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 0, ...pod },
    },
  },
});

/** A sync with three pods of a workload, by one launcher. */
export class Replicas {
  readonly #it: Workplace;
  readonly #name: string;
  readonly #gone = new Set<string>();
  #round = 0;
  writer = '';
  followers: string[] = [];

  private constructor(it: Workplace, name: string) {
    this.#it = it;
    this.#name = name;
  }

  /** Makes the workload and the sync, and runs it until all pods take part. */
  static async sync(it: Workplace, name: string, launcher: string): Promise<Replicas> {
    const pod = launcher === 'exec' ? podWithNode : plainPod;
    await eventually(() => apply(contextA, it.namespace, deploymentOf(name, pod)));
    await it.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=180s');
    const options = ['--name', name, '-l', `app=${name}`, '--pods', 'all', '--launcher', launcher];
    await it.must('create', ...options, it.local, '/work');
    await it.watch(name);
    const made = new Replicas(it, name);
    await made.#awaitAll(launcher);
    return made;
  }

  async #awaitAll(launcher?: string): Promise<void> {
    const seen = await this.#it.reaches(this.#name, 'watching', (now) => {
      const pods = sessionsOf(now).map(({ pod }) => pod);
      return pods.length === replicas && !pods.some((pod) => this.#gone.has(pod));
    });
    const named = (role: string) =>
      sessionsOf(seen)
        .filter((one) => one.role === role)
        .map(({ pod }) => pod);
    [this.writer = ''] = named('writer');
    this.followers = named('follower');
    if (launcher !== undefined) expect(seen.state?.launcher).toBe(launcher);
  }

  /** Works here, and in the pod that writes back, while something befalls the sync; then compares all of them. */
  async round(befall: () => Promise<unknown>, { there = true } = {}): Promise<void> {
    const seed = ++this.#round;
    const working = workHere(this.#it.local, seed, 40);
    // Beside the shell that begins it: what befalls the way to the container ends it no more than an app there.
    const done = `/tmp/worked-${seed}`;
    const line = `{ (${workThere(seed, 40)}\n); touch ${done}; } >/dev/null 2>&1 </dev/null &`;
    const writer = this.writer;
    if (there) await this.#it.sh(writer, line);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await befall();
    await working;
    if (there) await eventually(() => this.#it.sh(writer, `test -e ${done}`));
    // Another one may write back by now.
    await this.#awaitAll();
    await expectSettled(this.#it, this.#name, this.writer);
    await this.#awaitAll();
    for (const pod of this.followers)
      expect([pod, await containerSide(this.#it, pod)]).toEqual([pod, localSide(this.#it)]);
  }

  get pods(): string[] {
    return [this.writer, ...this.followers];
  }

  killAgents = async (): Promise<void> => {
    await Promise.all(this.pods.map((pod) => killAgents(this.#it, pod)));
  };

  /** A pod goes for good, and the workload makes another one. */
  async deletePod(pod: string): Promise<void> {
    await this.#it.kubectl('delete', 'pod', pod, '--now');
    this.#gone.add(pod);
  }

  /** The containers of the writer and of one that follows are started again. */
  restartContainers = async (): Promise<void> => {
    const [follower = ''] = this.followers;
    await Promise.all([this.writer, follower].map((pod) => this.#restart(pod)));
  };

  /** Resolves when the container runs again, so that it can be looked into. */
  async #restart(pod: string): Promise<void> {
    const status = '{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.running}';
    const look = () => this.#it.kubectl('get', 'pod', pod, '-o', `jsonpath=${status}`);
    const restarts = Number.parseInt(await look(), 10);
    // What ends the container may end this as well.
    await this.#it.sh(pod, 'kill 1').catch(() => undefined);
    await eventuallySees(look, (seen) => Number.parseInt(seen, 10) > restarts && seen.includes('startedAt'));
  }
}
