/** Layers and images as files: what `docker build` would make, without Docker and without a registry. */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached, dropStaleBeside } from '../cache.ts';
import { run } from '../shell.ts';

/** One layer: an uncompressed tar file, so its digest is also its diff id. */
export interface Layer {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
}

/** What an image says of how it is run; the words are the OCI specification's. */
export interface ImageSettings {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly User?: string;
  readonly Env?: readonly string[];
}

export interface Image {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly settings: ImageSettings;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
/** This machine's architecture in the words of images. */
export const architecture = architectures[process.arch] ?? process.arch;
const reproducible = ['--sort=name', '--mtime=@0', '--numeric-owner', '--xattrs', '--format=pax'];
// Without these, GNU tar would note when it ran.
const paxOptions = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

/** Packs a folder as a layer; `owned` gives all files to root, whoever owns them here. */
export async function packLayer(folder: string, path: string, { owned = false } = {}): Promise<Layer> {
  mkdirSync(dirname(path), { recursive: true });
  const owner = owned ? ['--owner=0', '--group=0', '--mode=u=rwX,go=rX'] : [];
  const unfinished = `${path}.${process.pid}`;
  await run('tar', [...reproducible, paxOptions, ...owner, '-C', folder, '-cf', unfinished, '.']);
  const layer = { path, digest: await digestOf(unfinished), size: (await stat(unfinished)).size };
  renameSync(unfinished, path);
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

function blob(value: object): { text: string; digest: string; size: number } {
  const text = JSON.stringify(value);
  return {
    text,
    digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    size: Buffer.byteLength(text),
  };
}

function configOf({ layers, settings }: Image): object {
  return {
    architecture,
    os: 'linux',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], ...settings },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created_by: 'x8s' })),
  };
}

const mediaType = (what: string): string => `application/vnd.oci.image.${what}`;

function manifestOf(image: Image, config: { digest: string; size: number }): object {
  return {
    schemaVersion: 2,
    mediaType: mediaType('manifest.v1+json'),
    config: { mediaType: mediaType('config.v1+json'), digest: config.digest, size: config.size },
    layers: image.layers.map(({ digest, size }) => ({ mediaType: mediaType('layer.v1.tar'), digest, size })),
  };
}

/** The digest that names an image: equal digests mean equal contents and settings. */
export function imageDigest(image: Image): string {
  return blob(manifestOf(image, blob(configOf(image)))).digest;
}

/**
 * Writes images as one OCI archive. Layers for which `without` says true are left out: whoever imports it has
 * them already.
 */
export async function writeArchive(
  images: readonly Image[],
  path: string,
  without: (layer: Layer) => boolean = () => false,
): Promise<void> {
  const staging = `${path}.${process.pid}.d`;
  const blobs = join(staging, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const place = (digest: string): string => join(blobs, digest.replace('sha256:', ''));
  try {
    const manifests = images.map((image) => {
      const config = blob(configOf(image));
      const manifest = blob(manifestOf(image, config));
      for (const { digest, text } of [config, manifest]) writeFileSync(place(digest), text);
      return {
        mediaType: mediaType('manifest.v1+json'),
        digest: manifest.digest,
        size: manifest.size,
        annotations: { 'io.containerd.image.name': image.name },
      };
    });
    for (const layer of images.flatMap((image) => image.layers))
      if (!without(layer) && !existsSync(place(layer.digest))) symlinkSync(layer.path, place(layer.digest));
    writeFileSync(join(staging, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(join(staging, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    // The files that layers are links to: a hard link would change them under the tar of another node's archive.
    await run('tar', ['--dereference', '-C', staging, '-cf', path, 'oci-layout', 'index.json', 'blobs']);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
