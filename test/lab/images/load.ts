/** Getting images to the nodes: a template that every node starts from, and small imports for what changed since. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

const loadedFile = (node: NodeSpec): string => join(nodeDir(node.name), 'images.json');

function loadedOn(node: NodeSpec): Record<string, string> {
  return existsSync(loadedFile(node))
    ? (JSON.parse(readFileSync(loadedFile(node), 'utf8')) as Record<string, string>)
    : {};
}

/** Imports the project's images on all nodes that have others; returns the names that were imported. */
export async function loadProjectImages(nodes: readonly NodeSpec[] = allNodes): Promise<string[]> {
  const images = await projectImages();
  const inTemplate = new Set(
    (await baseImages()).flatMap((image) => image.layers.map((layer) => layer.digest)),
  );
  const imported = await Promise.all(nodes.map((node) => loadOn(node, images, inTemplate)));
  return [...new Set(imported.flat())];
}

async function loadOn(
  node: NodeSpec,
  images: readonly Image[],
  inTemplate: ReadonlySet<string>,
): Promise<string[]> {
  const loaded = loadedOn(node);
  const changed = images.filter((image) => loaded[image.name] !== imageDigest(image));
  if (changed.length === 0) return [];
  mkdirSync(nodeDir(node.name), { recursive: true });
  const archive = join(nodeDir(node.name), 'images.tar');
  // The layers of the template are there already, so an archive is a few kilobytes.
  await writeArchive(changed, archive, (layer) => inTemplate.has(layer.digest));
  await ctr(containerdSocket(node.name), 'images', 'import', archive);
  rmSync(archive);
  const now = Object.fromEntries(changed.map((image) => [image.name, imageDigest(image)]));
  writeFileSync(loadedFile(node), JSON.stringify({ ...loaded, ...now }));
  return changed.map((image) => image.name);
}
