/**
 * The images that pods run, without Docker and without a registry, in dist/images: an OCI archive of each with all
 * architectures, a bill of materials for each architecture, and images.json with their digests.
 * `npm run images [-- --platform linux/amd64,linux/arm64|all] [--image mover,controller] [--push REGISTRY]`; this
 * machine's platform where none is named; --push needs skopeo. Needs apt, dpkg and GNU tar (a Debian, or a container of one), and no root.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type ImageDigests, type ImageName, imageNames, registry } from '../src/images.ts';
import { bundleController, root } from './build.ts';
import { type DebianPackage, fetchPackages } from './images/debian-packages.ts';
import { compressed, type Image, type Layer, packLayer, writeIndexArchive } from './images/oci.ts';
import { type Push, pushImages, pushLine } from './images/push.ts';
import { recipes } from './images/recipes.ts';
import { registryIn } from './images/registry.ts';
import { makeRootFileSystem } from './images/root-file-system.ts';
import { bundleMover } from './mover-bundle.ts';
import { releaseNodeOf } from './node-binaries.ts';
import { bundledPackages } from './release/bundled.ts';
import { imageSbom } from './release/sbom.ts';

/** Where the archives are. */
export const imagesFolder = join(root, 'dist', 'images');

const architectures = { amd64: 'x64', arm64: 'arm64' } as const;
type Architecture = keyof typeof architectures;
const hostArchitecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Builds images; returns the digest of each one's index. */
export async function makeImages(
  names: readonly ImageName[],
  platforms: readonly Architecture[],
): Promise<ImageDigests> {
  await Promise.all([bundleMover(), bundleController()]);
  mkdirSync(imagesFolder, { recursive: true });
  const digests: Partial<Record<ImageName, string>> = {};
  for (const name of names) digests[name] = await makeImage(name, platforms);
  writeFileSync(join(imagesFolder, 'images.json'), `${JSON.stringify({ version, digests }, undefined, 2)}\n`);
  return digests;
}

/** Where images go that are pushed nowhere yet. */
const ownRegistry = registryIn(process.env) || registry;

/** What the image is called in a registry, by tag. */
const referenceOf = (name: ImageName, of = ownRegistry): string => `${of}/${name}:${version}`;

/** Path of an image's archive. */
const archiveOf = (name: ImageName): string => join(imagesFolder, `${name}_v${version}.tar`);

async function makeImage(name: ImageName, platforms: readonly Architecture[]): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'x8s-image-'));
  try {
    const images: Image[] = [];
    for (const architecture of platforms)
      images.push(await imageFor(name, architecture, join(work, architecture)));
    return await writeIndexArchive(referenceOf(name), images, archiveOf(name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** One image for one architecture: Debian's packages, Node.js, and our programs, a layer each. */
async function imageFor(name: ImageName, architecture: Architecture, work: string): Promise<Image> {
  console.error(`Building ${name} for linux/${architecture} …`);
  const { debian, programs, settings, title } = recipes[name];
  mkdirSync(work, { recursive: true });
  const packages = await fetchPackages(debian, architecture, work);
  const node = releaseNodeOf(`linux-${architectures[architecture]}`);
  const layers = [
    await layerOf(join(work, 'debian'), (folder) => makeRootFileSystem(folder, packages)),
    await layerOf(join(work, 'node'), (folder) => placePrograms(folder, { node })),
    await layerOf(join(work, 'programs'), (folder) => placePrograms(folder, programs)),
  ];
  writeSbom(name, architecture, { packages, layers });
  return { name, architecture, layers, settings: { ...settings, Labels: labelsOf(title) } };
}

/** Everything belongs to root, and nothing runs with more rights than its caller has. */
const ownership = ['--owner=0', '--group=0', '--mode=u-s,g-s'];

async function layerOf(folder: string, fill: (folder: string) => void): Promise<Layer> {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  fill(folder);
  const layer = await compressed(await packLayer(folder, `${folder}.tar`, ownership));
  rmSync(folder, { recursive: true });
  return layer;
}

function placePrograms(folder: string, programs: Readonly<Record<string, string>>): void {
  const bin = join(folder, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, from] of Object.entries(programs)) {
    copyFileSync(from, join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
}

/** The names of https://github.com/opencontainers/image-spec/blob/main/annotations.md. */
const labelsOf = (title: string) => ({
  'org.opencontainers.image.title': title,
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.licenses': 'Apache-2.0',
});

interface Parts {
  readonly packages: readonly DebianPackage[];
  readonly layers: readonly Layer[];
}

function writeSbom(name: ImageName, architecture: Architecture, { packages, layers }: Parts): void {
  const subject = {
    name: `${name}-linux-${architecture}`,
    version: `v${version}`,
    nodeVersion: process.version,
  };
  const digest = layers.map((layer) => layer.digest.replace('sha256:', '')).join('');
  const path = `${archiveOf(name)}.linux-${architecture}.spdx.json`;
  writeFileSync(
    path,
    imageSbom({ ...subject, digest }, { packages, architecture, bundled: bundledPackages() }),
  );
}

/** How the archives get to a registry. */
export const pushesOf = (digests: ImageDigests, to = ownRegistry): Push[] =>
  Object.keys(digests).map((name) => ({
    archive: relative(root, archiveOf(name as ImageName)),
    reference: referenceOf(name as ImageName, to),
  }));

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', default: `linux/${hostArchitecture}` },
      image: { type: 'string', default: imageNames.join(',') },
      push: { type: 'string' },
    },
  });
  const wanted = values.platform === 'all' ? 'linux/amd64,linux/arm64' : values.platform;
  const platforms = wanted.split(',').map((text) => text.replace(/^linux\//, '') as Architecture);
  const names = values.image.split(',') as ImageName[];
  const unknown = [
    ...platforms.filter((one) => !(one in architectures)),
    ...names.filter((one) => !imageNames.includes(one)),
  ];
  if (unknown.length > 0) throw new Error(`no such platform or image: ${unknown.join(', ')}`);
  const digests = await makeImages(names, platforms);
  for (const [name, digest] of Object.entries(digests))
    console.log(`${relative(root, archiveOf(name as ImageName))}  ${digest}`);
  process.chdir(root);
  if (values.push !== undefined) pushImages(pushesOf(digests, values.push.replace(/\/+$/, '')));
  else console.error(`To push them, --push REGISTRY, or:\n${pushesOf(digests).map(pushLine).join('\n')}`);
}
