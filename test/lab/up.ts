/** Brings the lab up, or only those of its parts that are missing. */
import { existsSync, mkdirSync } from 'node:fs';
import { binary, buildBinaries } from './binaries.ts';
import { makeCertificates, writeUserKubeconfig } from './certs.ts';
import { applyManifests, clusterReady, startContainerd, startControlPlane, startKubelet } from './cluster.ts';
import { agentDaemon } from './components.ts';
import { clusters, fastDir, kubeconfigPath } from './config.ts';
import { type Daemon, DaemonError, start } from './daemons.ts';
import { takeDown } from './down.ts';
import { allProcesses, isRunning, processesOf, signal } from './groups.ts';
import { prepareHost } from './host.ts';
import { debianLayer } from './images/debian.ts';
import { imageTemplate, loadImages } from './images/load.ts';
import { daemonsOf } from './levers/components.ts';
import { restoreAbandonedLink } from './levers/link.ts';
import { hasNetwork, makeNetwork } from './network.ts';
import { installPackages } from './packages.ts';
import { say, seconds, step } from './report.ts';
import { run } from './shell.ts';

/** All servers of the two clusters. */
export function allDaemons(): Daemon[] {
  return [...clusters.flatMap(daemonsOf), agentDaemon()];
}

/** Servers of the lab that are not running. */
export const missingDaemons = (): Daemon[] => allDaemons().filter((daemon) => !isRunning(daemon.name));

/** Whether there is a lab, whole or damaged. */
export const isUp = (): boolean =>
  existsSync(kubeconfigPath) && existsSync(fastDir) && hasNetwork() && allProcesses().length > 0;

function requireLinuxRoot(): void {
  if (process.platform !== 'linux')
    throw new Error('the lab needs Linux; use any two contexts instead (docs/lab.md)');
  if (process.getuid?.() !== 0)
    throw new Error('the lab makes network namespaces and mounts, so it needs root');
}

/** Makes sure that both clusters are up and hold this checkout's images. */
export async function bringLabUp(): Promise<void> {
  requireLinuxRoot();
  if (isUp()) await heal();
  else await startFresh();
}

/** Starts again what was stopped or died; what runs is left alone, and so is a third cluster (`up --third`). */
async function heal(): Promise<void> {
  // A checkout may need one more than the one that brought the lab up.
  await installPackages();
  await step('building the programs', buildBinaries);
  for (const { name } of allDaemons()) signal(processesOf(name), 'SIGCONT');
  const missing = missingDaemons();
  if (missing.length > 0) say(`starting again: ${missing.map((daemon) => daemon.name).join(', ')}`);
  await Promise.all(clusters.map(startControlPlane));
  for (const daemon of missing) start(daemon);
  await allReady();
  const left = await restoreAbandonedLink();
  if (left)
    say(
      `the line between the clusters is whole again; a test that has ended had left it ${JSON.stringify(left)}`,
    );
  // Two checkouts that share a lab would load their own images in turns.
  if (!process.env.X8S_LAB_KEEP_IMAGES) await refreshImages();
}

/** Builds the project's images where their files changed, and imports them. */
export async function refreshImages(): Promise<void> {
  const begin = Date.now();
  const loaded = await loadImages();
  if (loaded.length > 0) say(`images loaded in ${seconds(begin)}: ${loaded.join(', ')}`);
}

async function startFresh(): Promise<void> {
  await step('Debian packages', installPackages);
  // Debian's part of the images waits for the network most of the time, the programs for the processor.
  await Promise.all([
    step('building the programs', buildBinaries),
    step('building the image with OpenSSH and rsync', debianLayer),
  ]);
  const template = await step('building the images', imageTemplate);
  const begin = Date.now();
  say('starting two clusters …');
  // The processes of an earlier lab vanished without `down`: what it left is removed, and all starts empty.
  await step('removing what an earlier lab left', takeDown);
  mkdirSync(fastDir, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=700,size=4g', 'x8s-lab', fastDir]);
  await step('network', async () => {
    await prepareHost();
    await makeNetwork(clusters);
  });
  await Promise.all([startClusters(), startNodes(template)]);
  await step('nodes and DNS', allReady);
  say(
    `two clusters are up (${seconds(begin)}): contexts ${clusters.map((c) => c.name).join(' and ')} in ${kubeconfigPath}`,
  );
}

/** Waits for both clusters; where that fails and a server has died, its log says why. */
async function allReady(): Promise<void> {
  try {
    await Promise.all(clusters.map((cluster) => clusterReady(cluster)));
  } catch (error) {
    const [dead] = missingDaemons();
    throw dead ? new DaemonError(dead.name) : error;
  }
}

async function startClusters(): Promise<void> {
  await Promise.all(
    clusters.map((cluster) =>
      step(`control plane of ${cluster.name}`, async () => {
        await makeCertificates(cluster);
        await startControlPlane(cluster);
        await applyManifests(cluster);
        for (const node of cluster.nodes) startKubelet(node, cluster);
      }),
    ),
  );
  start(agentDaemon());
  writeUserKubeconfig(clusters);
}

async function startNodes(template: string): Promise<void> {
  const nodes = clusters.flatMap((cluster) => cluster.nodes.map((node) => ({ node, cluster })));
  await Promise.all(
    nodes.map(({ node, cluster }) =>
      step(`containerd of ${node.name}`, () => startContainerd(node, cluster, template)),
    ),
  );
  await step('loading images', () => loadImages());
}

/** Where the kubectl of the clusters' version is. */
export const kubectlPath = (): string => binary('kubectl');
