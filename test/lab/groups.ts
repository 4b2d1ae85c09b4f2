/**
 * Control groups: the kubelets need them, and the lab finds its own processes by them.
 *
 * Every process of the lab, containers included, is in a folder below `x8s-lab` of one hierarchy. The kernel
 * keeps that true, so there are no process ids to record, and none that could since belong to someone else.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupName } from './config.ts';

interface Hierarchy {
  readonly path: string;
  readonly v2: boolean;
  readonly controllers: readonly string[];
}

function hierarchies(): Hierarchy[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' - '))
    .flatMap(([left = '', right = '']): Hierarchy[] => {
      const path = left.split(' ')[4] ?? '';
      const [type, , options = ''] = right.split(' ');
      if (type === 'cgroup2') return [{ path, v2: true, controllers: [] }];
      return type === 'cgroup' ? [{ path, v2: false, controllers: options.split(',') }] : [];
    });
}

/** The hierarchy by whose folders the lab finds its processes. */
function tracking(): string {
  const all = hierarchies();
  const found = all.find((h) => h.v2) ?? all.find((h) => h.controllers.includes('pids')) ?? all[0];
  if (!found) throw new Error('this machine has no control groups mounted');
  return found.path;
}

function copyFromParent(folder: string, file: string): void {
  const value = readFileSync(join(folder, '..', file), 'utf8').trim();
  if (readFileSync(join(folder, file), 'utf8').trim() === '') writeFileSync(join(folder, file), value);
}

function makeFolder(h: Hierarchy, parts: readonly string[]): void {
  let folder = h.path;
  for (const part of parts) {
    if (h.v2) delegate(folder);
    folder = join(folder, part);
    mkdirSync(folder, { recursive: true });
    // A cpuset folder without its cpus and memory nodes takes no process.
    if (h.controllers.includes('cpuset'))
      for (const file of ['cpuset.cpus', 'cpuset.mems']) copyFromParent(folder, file);
  }
  if (h.v2) delegate(folder);
}

function delegate(folder: string): void {
  for (const controller of readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(/\s+/))
    try {
      if (controller) writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // Not each one can be passed on everywhere; the kubelet names one that it misses.
    }
}

/** Makes the folder below which a kubelet puts its pods, in every hierarchy; returns the kubelet's name for it. */
export function makePodGroup(node: string): string {
  for (const h of hierarchies()) makeFolder(h, [groupName, node]);
  return `/${groupName}/${node}`;
}

/** The folder of one daemon, made if needed; a process joins by writing its id to `cgroup.procs` there. */
export function daemonGroup(daemon: string): string {
  const folder = daemonFolder(daemon);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const daemonFolder = (daemon: string): string =>
  join(tracking(), groupName, 'daemons', daemon.replaceAll('/', '.'));

function processesBelow(folder: string): number[] {
  let own: number[];
  try {
    own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim().split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // It was removed in between.
  }
  return [...own, ...foldersIn(folder).flatMap(processesBelow)];
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** The processes of one daemon, without the shims and containers that a containerd started. */
export function processesOf(daemon: string): number[] {
  const found = processesBelow(daemonFolder(daemon));
  return daemon.endsWith('/containerd') ? found.filter((pid) => programOf(pid) === 'containerd') : found;
}

function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Whether a daemon has a running process. */
export function isRunning(daemon: string): boolean {
  return processesOf(daemon).length > 0;
}

/** All processes of the lab, those in containers included. */
export function allProcesses(): number[] {
  const found = hierarchies().flatMap((h) => processesBelow(join(h.path, groupName)));
  return [...new Set(found)];
}

/** Sends a signal to processes that may be gone already. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch {
      // The process has ended by itself.
    }
}

/** Removes the lab's folders from all hierarchies, once no process is left in them. */
export function removeGroups(): void {
  const remove = (folder: string): void => {
    for (const child of foldersIn(folder)) remove(child);
    if (existsSync(folder)) rmdirSync(folder);
  };
  for (const h of hierarchies()) remove(join(h.path, groupName));
}
