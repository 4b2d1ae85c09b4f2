/**
 * The programs of the lab: built from Go modules whose checksums are in the repository, and kept in the cache. Those of
 * Kubernetes may be released ones instead: `X8S_KUBERNETES_RELEASES` says where they are.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BuildProgress, downloadProgress } from './build-progress.ts';
import { cached, dropStaleBeside } from './cache.ts';
import { cacheDir, versions } from './config.ts';
import { downloadRelease } from './released.ts';
import { say } from './report.ts';
import { attempt, run } from './shell.ts';

interface Module {
  /** Names its folder in the cache. */
  readonly name: string;
  /** Folder below `go/`. */
  readonly folder: string;
  /** Folders that it is built from, where those are not all of the module's. */
  readonly sources?: readonly string[];
  readonly label: string;
  readonly packages: readonly string[];
  readonly programs: readonly string[];
  readonly ldflags?: string;
  /** Where released ones are, which need not be built. */
  readonly releases?: string | undefined;
}

const kubernetesPrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
];
const [major, minor] = versions.kubernetes.split('.');
const versionFlags = Object.entries({
  gitVersion: `v${versions.kubernetes}`,
  gitMajor: major,
  gitMinor: minor,
})
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(' ');

/** Own programs, apart by where they go: a change to a node's must not make the images anew. */
function ownTools(name: string, programs: readonly string[]): Module {
  const packages = programs.map((program) => `./${program}`);
  return {
    name: `${name}-tools`,
    folder: 'tools',
    sources: programs,
    label: `the ${name} tools`,
    packages,
    programs,
  };
}

const modules: readonly Module[] = [
  {
    name: 'kubernetes',
    folder: 'kubernetes',
    label: `Kubernetes ${versions.kubernetes} (about 5 minutes)`,
    packages: kubernetesPrograms.map((name) => `k8s.io/kubernetes/cmd/${name}`),
    programs: kubernetesPrograms,
    ldflags: versionFlags,
    releases: process.env.X8S_KUBERNETES_RELEASES || undefined,
  },
  { name: 'etcd', folder: 'etcd', label: `etcd ${versions.etcd}`, packages: ['.'], programs: ['etcd'] },
  {
    name: 'coredns',
    folder: 'coredns',
    label: `CoreDNS ${versions.coredns}`,
    packages: ['.'],
    programs: ['coredns'],
  },
  ownTools('image', ['pause', 'static']),
  ownTools('node', ['wan', 'cni']),
];

const sourceOf = (module: Module): string => join(import.meta.dirname, 'go', module.folder);

function filesBelow(folder: string): string[] {
  if (!statSync(folder).isDirectory()) return [folder];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A module's folder in the cache: named by all that its programs are made of. */
function outputOf(module: Module): string {
  const source = sourceOf(module);
  const hash = createHash('sha256').update(JSON.stringify([module.packages, module.ldflags]));
  if (module.releases) hash.update('released');
  const folders = module.sources ?? readdirSync(source);
  for (const file of folders.flatMap((folder) => filesBelow(join(source, folder))))
    hash.update(file.slice(source.length)).update(readFileSync(file));
  return join(cacheDir, 'bin', `${module.name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Where a program of the lab is. */
export function binary(name: string): string {
  const module = modules.find((m) => m.programs.includes(name));
  if (!module) throw new Error(`the lab has no program ${name}`);
  return join(outputOf(module), name);
}

/** Where the cached kubectl is: of the same version as the clusters. */
export const kubectl = (): string => binary('kubectl');

/** Whichever Go the machine has. */
export async function goCommand(): Promise<string> {
  for (const candidate of ['go', '/usr/local/go/bin/go']) {
    const found = await attempt(candidate, ['version']).catch(() => undefined);
    const [, minorText = '0'] = /go1\.(\d+)/.exec(found?.stdout ?? '') ?? [];
    if (Number(minorText) >= 21) return candidate; // From 1.21 on, Go gets a newer toolchain as a module by itself.
  }
  throw new Error('Go 1.21 or newer is needed to build the clusters; see https://go.dev/dl');
}

async function build(module: Module, folder: string): Promise<void> {
  say(`building ${module.label} …`);
  const go = await goCommand();
  const tell = (line: string) => say(`${module.name}: ${line}`);
  // The machine's own settings may ask for a newer toolchain only by network; a tag or flag must not change the build.
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'auto' };
  const cwd = sourceOf(module);
  const listing = { cwd, env, onErrorLine: downloadProgress(tell) };
  const parts = await run(go, ['list', '-mod=readonly', '-deps', ...module.packages], listing);
  const progress = new BuildProgress(parts.trimEnd().split('\n').length, tell);
  const ldflags = `-s -w ${module.ldflags ?? ''}`.trim();
  const how = ['-v', '-trimpath', '-mod=readonly', '-ldflags', ldflags, '-o', `${folder}/`];
  await run('nice', [go, 'build', ...how, ...module.packages], {
    cwd,
    env,
    onErrorLine: (line) => progress.line(line),
  });
}

async function download(site: string, { programs }: Module, folder: string): Promise<void> {
  say(`downloading Kubernetes ${versions.kubernetes} from ${site} …`);
  for (const program of programs) await downloadRelease(site, versions.kubernetes, program, folder);
}

async function provide(module: Module): Promise<void> {
  const output = outputOf(module);
  const unfinished = `${output}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await (module.releases ? download(module.releases, module, unfinished) : build(module, unfinished));
    renameSync(unfinished, output);
    dropStaleBeside(output);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Provides what the cache does not hold, one module after the other: building one alone uses all cores. */
export async function buildBinaries(): Promise<void> {
  for (const module of modules) if (!cached(outputOf(module))) await provide(module);
}
