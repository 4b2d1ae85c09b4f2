/**
 * devsync on the lab, tmpfs on both sides: saves, the first sync beside `tar | kubectl exec tar` in turn, a new
 * run with nothing changed, a branch switch, and what it takes while nothing happens.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { agentBundle } from '../../plugins/devsync/agent/bundle.ts';
import { SyncRunner } from '../../plugins/devsync/session/sync-runner.ts';
import type { SyncSpec } from '../../plugins/devsync/spec/spec.ts';
import { packagePlugins } from '../../scripts/package.ts';
import { systemClock } from '../../src/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { namespaces, pods } from '../../src/kube/resources.ts';
import { waitFor } from '../../src/kube/wait.ts';
import { contextA, kubeconfig } from '../cluster/support/contexts.ts';
import { kubectl, pluginProgram } from '../cluster/support/kubectl.ts';
import { start } from '../cluster/support/process.ts';
import { ensureUp, imageNames, kubectlPath } from '../lab/index.ts';
import { type Measurement, median, percentile } from './measurement.ts';

const runs = Number(process.env.X8S_BENCH_RUNS ?? 3);
const saves = 200;
const [folders, filesEach] = [500, 40];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** The nodes' own folders: a memory volume is seen there as well, without a way through the API server. */
const volumes = '/var/lib/x8s-lab/nodes/*/kubelet/pods';

class Bench {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly base = mkdtempSync('/dev/shm/devsync-bench-');
  readonly local = join(this.base, 'local');
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  runner!: SyncRunner;

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

  /** A pod with an empty memory volume; resolves with the volume's folder on this machine. */
  async pod(name: string): Promise<string> {
    const container = { name: 'app', image: imageNames.plain, command: ['sleep', 'infinity'] };
    const volumeMounts = [{ name: 'data', mountPath: '/data' }];
    const spec = {
      terminationGracePeriodSeconds: 0,
      containers: [{ ...container, volumeMounts }],
      volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }],
    };
    const { namespace } = this;
    for (let attempt = 0; ; attempt++)
      try {
        await this.kube.create(pods, { metadata: { name, namespace }, spec });
        break;
      } catch (error) {
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
    return folder;
  }

  fill(): void {
    for (let folder = 0; folder < folders; folder++) {
      mkdirSync(join(this.local, `d${folder}`));
      for (let file = 0; file < filesEach; file++)
        writeFileSync(join(this.local, `d${folder}`, `f${file}`), randomBytes(10_000));
    }
  }

  /** Starts syncing with a pod. Resolves, once it rests, with the seconds to attach and to sync. */
  async start(pod: string, ignore: string[] = []): Promise<{ attach: number; sync: number; all: number }> {
    this.#stop = new AbortController();
    const spec: SyncSpec = {
      target: { pod },
      remote: '/data',
      local: { workstation: '', who: '', path: this.local, rootId: '' },
      mode: 'two-way-safe',
      from: 'local',
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignore,
      ignoreVcs: true,
      useGitignore: false,
      takeGit: false,
      onNewPod: 'conflict',
      launcher: 'auto',
      createRemote: false,
      trashLimits: { local: 2 ** 30, container: 2 ** 28 },
    };
    const begun = performance.now();
    const problems: string[] = [];
    this.runner = new SyncRunner({
      kube: this.kube,
      namespace: this.namespace,
      name: pod,
      spec,
      folder: join(this.base, 'state', pod),
      bundle: await agentBundle(),
      image: imageNames.agent,
      clock: systemClock,
      signal: this.#stop.signal,
      onLog: (line) => problems.push(line),
    });
    this.#running = this.runner.run();
    this.#running.catch(() => {});
    let attached = 0;
    while (this.runner.state.phase !== 'watching') {
      if (attached === 0 && this.runner.state.message === 'looking at both sides')
        attached = performance.now();
      if (performance.now() - begun > 120_000) throw new Error(problems.join('\n'));
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

/** Milliseconds from one save (temp and rename, as editors do) to its presence on the other side. */
async function save(from: string, to: string): Promise<number> {
  const random = (below: number) => Math.floor(Math.random() * below);
  const path = `d${random(folders)}/f${random(filesEach)}`;
  const data = randomBytes(3000);
  writeFileSync(join(from, `${path}.tmp`), data);
  const begun = performance.now();
  renameSync(join(from, `${path}.tmp`), join(from, path));
  for (;;) {
    if (existsSync(join(to, path)) && readFileSync(join(to, path)).equals(data))
      return performance.now() - begun;
    if (performance.now() - begun > 10_000) throw new Error(`${path} did not arrive within 10 s`);
    await pause(1);
  }
}

async function saveMany(from: string, to: string): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < saves; index++) {
    times.push(await save(from, to));
    await pause(20);
  }
  return times;
}

/** What `tar | kubectl exec tar` takes for the same files, in seconds. */
function tarOver(namespace: string, pod: string, local: string): number {
  const exec = `${kubectlPath()} --kubeconfig ${kubeconfig} --context ${contextA} -n ${namespace} exec -i ${pod}`;
  const begun = performance.now();
  const leaveOut = '--exclude=./.x8s-devsync';
  execFileSync('sh', ['-c', `tar -C ${local} ${leaveOut} -cf - . | ${exec} -- tar -C /data -xf -`]);
  return (performance.now() - begun) / 1000;
}

/** Seconds from git's end until the container has all of it. */
async function branchSwitch(local: string, remote: string, branch: string): Promise<number> {
  execFileSync('git', ['-C', local, 'checkout', '-q', branch]);
  const begun = performance.now();
  const changed = Array.from({ length: 75 }, (_, index) => `d${index}`);
  const last = () => changed.every((folder) => same(join(local, folder), join(remote, folder)));
  while (!last()) {
    if (performance.now() - begun > 60_000) throw new Error('the branch did not arrive within a minute');
    await pause(20);
  }
  return (performance.now() - begun) / 1000;
}

function same(one: string, other: string): boolean {
  return readdirSync(one)
    .filter((name) => name.startsWith('f'))
    .every(
      (name) =>
        existsSync(join(other, name)) &&
        readFileSync(join(one, name)).equals(readFileSync(join(other, name))),
    );
}

/** Two branches that differ in 3,000 files. */
function makeBranches(local: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', local, '-c', 'user.name=bench', '-c', 'user.email=bench@invalid', ...args]);
  git('init', '-q', '-b', 'one');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('checkout', '-q', '-b', 'two');
  for (let folder = 0; folder < 75; folder++)
    for (let file = 0; file < filesEach; file++)
      writeFileSync(join(local, `d${folder}/f${file}`), randomBytes(9_000));
  git('commit', '-qam', 'two');
  git('checkout', '-q', 'one');
}

/** Resident memory in MiB, and milliseconds of processor time so far. */
function look(pid: string | number): { memory: number; cpu: number } {
  const [, size] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { memory: Number(size) / 1024, cpu: (Number(fields[11]) + Number(fields[12])) * 10 };
}

/** The agent that works in a container: its process is this machine's as well. */
function agentProcess(remote: string): string {
  const found = readdirSync('/proc').filter((pid) => {
    try {
      const isAgent = readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--max-old-space-size=128');
      return isAgent && readdirSync(`/proc/${pid}/fd`).some((fd) => isBelow(`/proc/${pid}/fd/${fd}`, remote));
    } catch {
      return false;
    }
  });
  if (found[0] === undefined) throw new Error('no agent works there');
  return found[0];
}

function isBelow(link: string, folder: string): boolean {
  try {
    return statSync(link).dev === statSync(folder).dev;
  } catch {
    return false;
  }
}

interface Resting {
  readonly here: number;
  readonly there: number;
  readonly idleHere: number;
  readonly idleThere: number;
}

/** The compiled program after a first sync, as a person runs it, and its agent: memory, and percent of a core. */
async function resting(bench: Bench, pod: string): Promise<Resting> {
  const remote = await bench.pod(pod);
  rmSync(join(bench.local, '.x8s-devsync'), { recursive: true, force: true });
  const where = ['--kubeconfig', kubeconfig, '--context', contextA, '-n', bench.namespace];
  const args = ['run', '--pod', pod, '--name', pod, '--agent-image', imageNames.agent, '--ignore-vcs'];
  const env = { ...process.env, X8S_STATE_DIR: join(bench.base, 'state-of-program') };
  const program = start(pluginProgram('devsync'), [...args, bench.local, '/data', ...where], { env });
  await program.saw(/in sync: /);
  await pause(5_000);
  const pids = [program.child.pid ?? 0, agentProcess(remote)];
  const before = pids.map(look);
  await pause(10_000);
  const after = pids.map(look);
  program.child.kill('SIGINT');
  await program.ended;
  const [idleHere = 0, idleThere = 0] = after.map(
    ({ cpu }, index) => (cpu - (before[index]?.cpu ?? 0)) / 100,
  );
  const [here = 0, there = 0] = after.map(({ memory }) => memory);
  return { here, there, idleHere, idleThere };
}

/**
 * Others of its kind, where they are on the PATH: DevSpace through the API server as we go, mutagen, which knows no
 * way into a pod, into the folder that the pod's volume is on this machine. In seconds.
 */
async function others(bench: Bench): Promise<Measurement[]> {
  const { namespace, local } = bench;
  const commands = {
    devspace: () =>
      `devspace sync --kube-context ${contextA} -n ${namespace} --pod devspace --container-path /data --local-path ${local} --initial-sync mirrorLocal --no-watch`,
    mutagen: (remote: string) =>
      `mutagen sync create --name bench --ignore-vcs ${local} ${remote} && mutagen sync flush bench; mutagen sync terminate bench`,
  };
  const measured: Measurement[] = [];
  for (const [tool, command] of Object.entries(commands)) {
    if (spawnSync(tool, ['version'], { stdio: 'ignore' }).status !== 0) {
      process.stderr.write(`${tool} is not on the PATH, and left out\n`);
      continue;
    }
    const remote = await bench.pod(tool);
    const begun = performance.now();
    execFileSync('sh', ['-c', command(remote)], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: 'ignore',
    });
    const samples = [(performance.now() - begun) / 1000];
    measured.push({ name: `first sync, 20,000 files, by ${tool}`, unit: 's', samples });
  }
  return measured;
}

export async function measure(): Promise<Measurement[]> {
  await packagePlugins();
  await ensureUp();
  const bench = await Bench.open();
  try {
    return await measureAll(bench);
  } finally {
    await bench.close();
  }
}

async function measureAll(bench: Bench): Promise<Measurement[]> {
  const [attach, first, tar, again]: number[][] = [[], [], [], []];
  bench.fill();
  let remote = '';
  for (let run = 0; run < runs; run++) {
    await bench.pod(`tar${run}`);
    tar?.push(tarOver(bench.namespace, `tar${run}`, bench.local));
    await kubectl(contextA, ['-n', bench.namespace, 'delete', 'pod', `tar${run}`, '--now', '--wait=false']);
    rmSync(join(bench.local, '.x8s-devsync'), { recursive: true, force: true });
    remote = await bench.pod(`sync${run}`);
    const taken = await bench.start(`sync${run}`);
    attach?.push(taken.attach);
    first?.push(taken.sync);
    await bench.stop();
    again?.push((await bench.start(`sync${run}`)).all);
    if (run < runs - 1) await bench.stop();
  }
  const up = await saveMany(bench.local, remote);
  const down = await saveMany(remote, bench.local);
  await bench.stop();
  const atRest = await resting(bench, 'program');
  await bench.start(`sync${runs - 1}`, ['*.log']);
  let churning = true;
  const churn = (async () => {
    for (let count = 0; churning; count++) {
      writeFileSync(join(bench.local, `d${count % folders}`, 'noise.log'), `${count}`);
      await pause(2);
    }
  })();
  const noisy = await saveMany(bench.local, remote);
  churning = false;
  await churn;
  makeBranches(bench.local);
  await bench.runner.live?.synchronizer.flush();
  const branch: number[] = [];
  for (let run = 0; run < runs; run++)
    branch.push(await branchSwitch(bench.local, remote, run % 2 === 0 ? 'two' : 'one'));
  const p99 = (samples: number[]) => [percentile(samples, 99)];
  return [
    { name: 'a save, up, median', unit: 'ms', samples: up, limit: { atMost: 40 } },
    { name: 'a save, up, p99', unit: 'ms', samples: p99(up), limit: { atMost: 150 } },
    { name: 'a save, down, median', unit: 'ms', samples: down, limit: { atMost: 40 } },
    { name: 'a save, down, p99', unit: 'ms', samples: p99(down), limit: { atMost: 150 } },
    { name: 'a save amid ignored churn, median', unit: 'ms', samples: noisy, limit: { atMost: 40 } },
    { name: 'a save amid ignored churn, p99', unit: 'ms', samples: p99(noisy), limit: { atMost: 150 } },
    { name: 'tar | kubectl exec tar, 20,000 files', unit: 's', samples: tar ?? [] },
    { name: 'attach', unit: 's', samples: attach ?? [], limit: { atMost: 3 } },
    {
      name: 'first sync, 20,000 files',
      unit: 's',
      samples: first ?? [],
      baseline: 'tar | kubectl exec tar, 20,000 files',
      limit: { atMost: median(tar ?? []) },
    },
    { name: 'a new run, nothing changed', unit: 's', samples: again ?? [], limit: { atMost: 1.5 } },
    { name: 'branch switch, 3,000 files', unit: 's', samples: branch, limit: { atMost: 3 } },
    { name: 'idle here, of a core', unit: '%', samples: [atRest.idleHere], limit: { atMost: 1 } },
    {
      name: 'idle in the container, of a core',
      unit: '%',
      samples: [atRest.idleThere],
      limit: { atMost: 1 },
    },
    { name: 'memory here', unit: 'MiB', samples: [atRest.here], limit: { atMost: 150 } },
    { name: 'memory in the container', unit: 'MiB', samples: [atRest.there], limit: { atMost: 80 } },
    ...(await others(bench)),
  ];
}
