/**
 * Images as files, by the OCI image specification (https://github.com/opencontainers/image-spec): what `docker build`
 * would make, without Docker and without a registry. The same content gives the same digests.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { digestOf } from '../release/archive.ts';
import type { ImageSettings } from './recipes.ts';

/** One layer: a tar file, which may be compressed. */
export interface Layer {
  readonly path: string;
  /** `sha256:…` of the file. */
  readonly digest: string;
  readonly size: number;
  /** `sha256:…` of the tar file before gzip; absent where it is not compressed. */
  readonly diffId?: string;
}

/** An image of one architecture. */
export interface Image {
  /** Reference without a digest: `registry.example.com/owner/mover:0.1.0`. */
  readonly name: string;
  /** `amd64`, `arm64`. */
  readonly architecture: string;
  readonly layers: readonly Layer[];
  readonly settings: ImageSettings;
}

const reproducible = ['--sort=name', '--mtime=@0', '--numeric-owner', '--xattrs', '--format=pax'];
// Without these, GNU tar would note when it ran.
const paxOptions = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';
const run = promisify(execFile);

/** Packs a folder as a layer at a path. `tarOptions` are of GNU tar. */
export async function packLayer(
  folder: string,
  path: string,
  tarOptions: readonly string[] = [],
): Promise<Layer> {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await run('tar', [...reproducible, paxOptions, ...tarOptions, '-C', folder, '-cf', unfinished, '.']);
  const layer = { path, digest: await sha256(unfinished), size: (await stat(unfinished)).size };
  renameSync(unfinished, path);
  return layer;
}

/** The layer compressed, beside itself: as registries want it. */
export async function compressed(layer: Layer): Promise<Layer> {
  const path = `${layer.path}.gz`;
  await pipeline(createReadStream(layer.path), createGzip({ level: 9 }), createWriteStream(path));
  return { path, digest: await sha256(path), size: (await stat(path)).size, diffId: layer.digest };
}

const sha256 = async (path: string) => `sha256:${await digestOf(path)}`;

/** JSON as it is stored, under the digest of its text. */
interface Blob {
  readonly text: string;
  readonly digest: string;
  readonly size: number;
}

function blob(value: object): Blob {
  const text = JSON.stringify(value);
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  return { text, digest, size: Buffer.byteLength(text) };
}

const mediaType = (what: string): string => `application/vnd.oci.image.${what}`;
const path = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

function configOf({ architecture, layers, settings }: Image): Blob {
  return blob({
    architecture,
    os: 'linux',
    config: { Env: path, ...settings },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest, diffId = digest }) => diffId) },
    history: layers.map(() => ({ created_by: 'x8s' })),
  });
}

function manifestOf({ layers }: Image, config: Blob): Blob {
  return blob({
    schemaVersion: 2,
    mediaType: mediaType('manifest.v1+json'),
    config: { mediaType: mediaType('config.v1+json'), digest: config.digest, size: config.size },
    layers: layers.map(({ digest, size, diffId }) => ({
      mediaType: mediaType(diffId === undefined ? 'layer.v1.tar' : 'layer.v1.tar+gzip'),
      digest,
      size,
    })),
  });
}

/** The digest that names an image of one architecture: equal digests mean equal contents and settings. */
export const imageDigest = (image: Image): string => manifestOf(image, configOf(image)).digest;

/** The image index of one image in several architectures: its digest is what pods of any of these pull. */
export function indexOf(images: readonly Image[]): Blob {
  return blob({
    schemaVersion: 2,
    mediaType: mediaType('index.v1+json'),
    manifests: images.map((image) => {
      const { digest, size } = manifestOf(image, configOf(image));
      const platform = { architecture: image.architecture, os: 'linux' };
      return { mediaType: mediaType('manifest.v1+json'), digest, size, platform };
    }),
  });
}

const named = (name: string) => ({
  'io.containerd.image.name': name,
  'org.opencontainers.image.ref.name': name,
});

/** Writes images of this machine's architecture as one OCI archive. Layers for which `without` is true are left out. */
export async function writeArchive(
  images: readonly Image[],
  path: string,
  without: (layer: Layer) => boolean = () => false,
): Promise<void> {
  const manifests = images.map((image) => {
    const { digest, size } = manifestOf(image, configOf(image));
    return { mediaType: mediaType('manifest.v1+json'), digest, size, annotations: named(image.name) };
  });
  await writeLayout(path, { images, manifests, blobs: [], without });
}

/** Writes one image in several architectures as an OCI archive; returns the digest of its index. */
export async function writeIndexArchive(
  name: string,
  images: readonly Image[],
  path: string,
): Promise<string> {
  const index = indexOf(images);
  const { digest, size } = index;
  const manifests = [{ mediaType: mediaType('index.v1+json'), digest, size, annotations: named(name) }];
  await writeLayout(path, { images, manifests, blobs: [index], without: () => false });
  return digest;
}

interface Layout {
  readonly images: readonly Image[];
  /** Entries of index.json. */
  readonly manifests: readonly object[];
  /** What is stored beside the images' own manifests, configurations and layers. */
  readonly blobs: readonly Blob[];
  readonly without: (layer: Layer) => boolean;
}

async function writeLayout(path: string, { images, manifests, blobs, without }: Layout): Promise<void> {
  const staging = `${path}.${process.pid}.d`;
  const folder = join(staging, 'blobs', 'sha256');
  mkdirSync(folder, { recursive: true });
  const place = (digest: string): string => join(folder, digest.replace('sha256:', ''));
  try {
    const own = images.flatMap((image) => [configOf(image), manifestOf(image, configOf(image))]);
    for (const { digest, text } of [...own, ...blobs]) writeFileSync(place(digest), text);
    for (const layer of images.flatMap((image) => image.layers))
      if (!without(layer) && !existsSync(place(layer.digest))) symlinkSync(layer.path, place(layer.digest));
    writeFileSync(join(staging, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(join(staging, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    // The files that layers are links to: a hard link would change them under the tar of another archive.
    const options = [...reproducible, '--owner=0', '--group=0', '--mode=u=rwX,go=rX', '--dereference'];
    await run('tar', [...options, '-C', staging, '-cf', path, 'oci-layout', 'index.json', 'blobs']);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
