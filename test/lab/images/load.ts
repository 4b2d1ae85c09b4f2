/** Brings images to the nodes: each node starts from a template, and images that changed since are imported. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, imageDigest, writeArchive } from '../../../scripts/images/oci.ts';
import { cached } from '../cache.ts';
import { allNodes, cacheDir, containerdSocket, type NodeSpec, nodeDir } from '../config.ts';
import { ready, start, stop } from '../daemons.ts';
import { containerdConfig } from '../node.ts';
import { say } from '../report.ts';
import { attempt, run } from '../shell.ts';
import { baseImages, projectImages } from './definitions.ts';

const ctr = (socket: string, ...args: readonly string[]): Promise<string> =>
  run('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args]);

/** True once a containerd answers on its socket. */
export async function containerdReady(socket: string): Promise<boolean> {
  return existsSync(socket) && (await attempt('ctr', ['--address', socket, 'version'])).code === 0;
}

/** The root folder of a containerd that holds all base images, made once for them. */
export async function imageTemplate(): Promise<string> {
  const images = await baseImages();
  const version = await run('containerd', ['--version']);
  const hash = createHash('sha256').update(version);
  for (const image of images) hash.update(image.name).update(imageDigest(image));
  const path = join(cacheDir, 'images', `template-${hash.digest('hex').slice(0, 12)}`);
  if (!cached(path)) await makeTemplate(path, images);
  return path;
}

async function makeTemplate(path: string, images: readonly Image[]): Promise<void> {
  say('unpacking images …');
  const work = mkdtempSync(`${path}.`);
  const daemon = `template-${process.pid}`;
  const [root, socket, archive] = [
    join(work, 'root'),
    join(work, 'containerd.sock'),
    join(work, 'images.tar'),
  ];
  try {
    writeFileSync(join(work, 'config.toml'), containerdConfig(root, work));
    start({ name: daemon, command: ['containerd', '--config', join(work, 'config.toml')] });
    await ready(daemon, 20_000, () => containerdReady(socket));
    await writeArchive(images, archive);
    await ctr(socket, 'images', 'import', archive);
    await stop(daemon);
    renameSync(root, path);
  } finally {
    await stop(daemon, 'SIGKILL');
    rmSync(work, { recursive: true, force: true });
  }
}

interface Loaded {
  /** Digests of images by name. */
  readonly images: Readonly<Record<string, string>>;
  /** Digests of layers that the node's containerd has. */
  readonly layers: readonly string[];
}

const loadedFile = (node: NodeSpec): string => join(nodeDir(node.name), 'images.json');

/** Images that are loaded on a node now, and their layers. */
async function loadedOn(node: NodeSpec): Promise<Loaded> {
  if (existsSync(loadedFile(node))) return JSON.parse(readFileSync(loadedFile(node), 'utf8')) as Loaded;
  const images = await baseImages(); // It was just made out of the template.
  return { images: digestsOf(images), layers: layersOf(images) };
}

const digestsOf = (images: readonly Image[]): Record<string, string> =>
  Object.fromEntries(images.map((image) => [image.name, imageDigest(image)]));

const layersOf = (images: readonly Image[]): string[] =>
  images.flatMap((image) => image.layers.map((layer) => layer.digest));

/** Imports the images of this checkout on all nodes that have others; returns the names that were imported. */
export async function loadImages(nodes: readonly NodeSpec[] = allNodes): Promise<string[]> {
  const images = [...(await baseImages()), ...(await projectImages())];
  const imported = await Promise.all(nodes.map((node) => loadOn(node, images)));
  return [...new Set(imported.flat())];
}

async function loadOn(node: NodeSpec, images: readonly Image[]): Promise<string[]> {
  const loaded = await loadedOn(node);
  const changed = images.filter((image) => loaded.images[image.name] !== imageDigest(image));
  if (changed.length === 0) return [];
  const archive = join(nodeDir(node.name), 'images.tar');
  const importWithout = async (layers: readonly string[]) => {
    await writeArchive(changed, archive, (layer) => layers.includes(layer.digest));
    await ctr(containerdSocket(node.name), 'images', 'import', archive);
  };
  // Layers that are there already are left out, so an archive is mostly a few kilobytes; one that containerd
  // has collected meanwhile makes the import fail, and then all of them go along.
  await importWithout(loaded.layers).catch(() => importWithout([]));
  rmSync(archive);
  const now = { images: { ...loaded.images, ...digestsOf(changed) }, layers: layersOf(images) };
  writeFileSync(loadedFile(node), JSON.stringify(now));
  return changed.map((image) => image.name);
}
