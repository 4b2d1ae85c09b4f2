/** Layers of the lab's images, each packed once and kept for later runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Layer, packLayer as pack } from '../../../scripts/images/oci.ts';
import { cached, dropStaleBeside } from '../cache.ts';

export type { Layer };

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
/** This machine's architecture in the words of images. */
export const architecture = architectures[process.arch] ?? process.arch;

/** GNU tar's options that give all files to root, whoever owns them here. */
export const ownedByRoot = ['--owner=0', '--group=0', '--mode=u=rwX,go=rX'];

/** Packs a folder as the layer at a path, and notes its digest for {@link storedLayer}. */
export async function packLayer(
  folder: string,
  path: string,
  tarOptions: readonly string[] = [],
): Promise<Layer> {
  const layer = await pack(folder, path, tarOptions);
  writeFileSync(`${path}.json`, JSON.stringify(layer));
  dropStaleBeside(path);
  return layer;
}

const layers = new Map<string, Promise<Layer>>();

/** The layer at a path, packed by `make` only where it was not before, and only once at a time. */
export function storedLayer(path: string, make: () => Promise<Layer>): Promise<Layer> {
  const stored = layers.get(path) ?? (cached(path) && cached(`${path}.json`) ? readLayer(path) : make());
  layers.set(path, stored);
  return stored;
}

async function readLayer(path: string): Promise<Layer> {
  return { ...(JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Layer), path };
}
