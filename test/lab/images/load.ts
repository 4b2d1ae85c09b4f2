/** Getting images to the nodes: a template that every node starts from, and small imports for what changed since. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allNodes, cacheDir, containerdSocket, type NodeSpec, nodeDir } from '../config.ts';
import { ready, start, stop } from '../daemons.ts';
import { containerdConfig } from '../node.ts';
import { say } from '../report.ts';
import { attempt, run } from '../shell.ts';
import { baseImages, projectImages } from './definitions.ts';
import { type Image, imageDigest, writeArchive } from './layer.ts';

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
  if (!existsSync(path)) await makeTemplate(path, images);
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
  return { images: {}, layers: layersOf(await baseImages()) }; // It was just made out of the template.
}

const layersOf = (images: readonly Image[]): string[] =>
  images.flatMap((image) => image.layers.map((layer) => layer.digest));

/** Imports the project's images on all nodes that have others; returns the names that were imported. */
export async function loadProjectImages(nodes: readonly NodeSpec[] = allNodes): Promise<string[]> {
  const images = await projectImages();
  const imported = await Promise.all(nodes.map((node) => loadOn(node, images)));
  return [...new Set(imported.flat())];
}

async function loadOn(node: NodeSpec, images: readonly Image[]): Promise<string[]> {
  const loaded = await loadedOn(node);
  const changed = images.filter((image) => loaded.images[image.name] !== imageDigest(image));
  if (changed.length === 0) return [];
  const archive = join(nodeDir(node.name), 'images.tar');
  // Layers that are there already are left out, so an archive is mostly a few kilobytes.
  await writeArchive(changed, archive, (layer) => loaded.layers.includes(layer.digest));
  await ctr(containerdSocket(node.name), 'images', 'import', archive);
  rmSync(archive);
  const now = Object.fromEntries(changed.map((image) => [image.name, imageDigest(image)]));
  const layers = [...new Set([...loaded.layers, ...layersOf(changed)])];
  writeFileSync(loadedFile(node), JSON.stringify({ images: { ...loaded.images, ...now }, layers }));
  return changed.map((image) => image.name);
}
