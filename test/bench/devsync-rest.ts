/** devsync as a person runs it, while nothing happens; and others of its kind, where they are there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { contextA, kubeconfig } from '../cluster/support/contexts.ts';
import { pluginProgram } from '../cluster/support/kubectl.ts';
import { type Running, start } from '../cluster/support/process.ts';
import { imageNames } from '../lab/index.ts';
import { type Bench, pause } from './devsync-place.ts';
import type { Measurement } from './measurement.ts';

/** Resident memory in MiB, now and at its most, and milliseconds of processor time so far. */
function look(pid: string | number): { memory: number; most: number; cpu: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const [size, most] = ['VmRSS', 'VmHWM'].map((name) => {
    const [, found] = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status) ?? [];
    return Number(found) / 1024;
  });
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { memory: size ?? 0, most: most ?? 0, cpu: (Number(fields[11]) + Number(fields[12])) * 10 };
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
  /** At any time since its start. */
  readonly mostHere: number;
  readonly there: number;
  readonly idleHere: number;
  readonly idleThere: number;
}

/** Starts the compiled program, as a person runs it, and resolves once both sides are the same. @param under what it is started under */
export async function startProgram(
  { namespace, base, local }: Bench,
  pod: string,
  under: readonly string[] = [],
): Promise<Running> {
  const where = ['--kubeconfig', kubeconfig, '--context', contextA, '-n', namespace];
  const args = ['run', '--pod', pod, '--name', pod, '--agent-image', imageNames.controller, '--ignore-vcs'];
  const env = { ...process.env, X8S_STATE_DIR: join(base, 'state-of-program') };
  const [command = '', ...all] = [...under, pluginProgram('devsync'), ...args, local, '/data', ...where];
  const program = start(command, all, { env });
  await program.saw(/in sync: /);
  return program;
}

/** It after a first sync, and its agent: memory, and percent of a core. */
export async function resting(bench: Bench, pod: string): Promise<Resting> {
  const remote = await bench.pod(pod);
  const program = await startProgram(bench, pod);
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
  return { here, mostHere: after[0]?.most ?? 0, there, idleHere, idleThere };
}

/**
 * Others of its kind, where they are on the PATH: DevSpace through the API server as we go, mutagen, which knows no
 * way into a pod, into the folder that the pod's volume is on this machine. In seconds.
 */
export async function others(bench: Bench): Promise<Measurement[]> {
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
