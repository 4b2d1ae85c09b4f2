/** The images of the lab: the project's own, the cluster's, and those that only tests use. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bundleController } from '../../../scripts/build.ts';
import type { Image } from '../../../scripts/images/oci.ts';
import { type ImageSettings, recipes } from '../../../scripts/images/recipes.ts';
import { bundleMover } from '../../../scripts/mover-bundle.ts';
import { imageReference } from '../../../src/images.ts';
import { binary } from '../binaries.ts';
import { cacheDir, versions } from '../config.ts';
import { pauseImage } from '../node.ts';
import { run } from '../shell.ts';
import { debianLayer } from './debian.ts';
import { architecture, type Layer, ownedByRoot, packLayer, storedLayer } from './layer.ts';

const root = dirname(dirname(dirname(import.meta.dirname)));
const projectVersion = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
  .version;

/** Names of the images that the plugins and the tests use. */
export const imageNames = {
  mover: imageReference('mover', projectVersion),
  controller: imageReference('controller', projectVersion),
  /** A small Debian with a shell, tar, rsync and OpenSSH. */
  plain: 'x8s.dev/test/plain:1',
  /** One program and nothing else: no shell, no tar, no libraries. */
  static: 'x8s.dev/test/static:1',
  coredns: `x8s.dev/lab/coredns:${versions.coredns}`,
  pause: pauseImage,
} as const;

/** Raised by hand when a layer's recipe below changes. */
const recipe = '1';

const layerPath = (name: string, ...inputs: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha256').update(recipe);
  for (const input of inputs) hash.update(input);
  return join(cacheDir, 'images', `${name}-${hash.digest('hex').slice(0, 12)}.tar`);
};

/** Packs a layer out of a folder that `fill` fills, unless it was packed before. */
function layerOf(path: string, fill: (folder: string) => void | Promise<void>): Promise<Layer> {
  return storedLayer(path, async () => {
    mkdirSync(dirname(path), { recursive: true });
    const folder = mkdtempSync(`${path}.`);
    try {
      await fill(folder);
      return await packLayer(folder, path, ownedByRoot);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

const accounts =
  'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nagent:x:65532:65532:agent:/:/bin/sh\n';

/** A layer with one static program of the lab. */
function programLayer(program: string): Promise<Layer> {
  const from = binary(program);
  return layerOf(layerPath(program, from), (folder) => {
    copyFileSync(from, join(folder, program));
    mkdirSync(join(folder, 'tmp'));
  });
}

/** The libraries that a dynamically linked program names, as paths of this machine. */
async function librariesOf(program: string): Promise<string[]> {
  const lines = (await run('ldd', [program])).split('\n');
  if (lines.some((line) => line.includes('not found')))
    throw new Error(`${program} needs a library that is not here:\n${lines.join('\n')}`);
  return lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

function pinnedNode(): { readonly path: string; readonly version: string } {
  const folder = join(root, 'node_modules', `node-linux-${process.arch}`);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { path: join(folder, 'bin', 'node'), version };
}

/** The pinned Node.js with just the libraries that it is linked to. */
async function nodeLayer(): Promise<Layer> {
  const { path: node, version } = pinnedNode();
  return layerOf(layerPath('node', version), async (target) => {
    const place = (path: string): void => {
      mkdirSync(join(target, dirname(path)), { recursive: true });
      copyFileSync(path, join(target, path));
    };
    for (const library of await librariesOf(node)) place(library);
    mkdirSync(join(target, 'usr/local/bin'), { recursive: true });
    copyFileSync(node, join(target, 'usr/local/bin/node'));
    for (const empty of ['etc', 'tmp', 'proc', 'dev', 'sys'])
      mkdirSync(join(target, empty), { recursive: true });
    writeFileSync(join(target, 'etc/passwd'), accounts);
    // The program must run with the image's files alone; where it does not, no image is made.
    await run('chroot', [target, '/usr/local/bin/node', '--version']);
  });
}

/** Perl with its core modules: a node's agent enters containers by a Perl script. */
function perlLayer(): Promise<Layer> {
  return layerOf(layerPath('perl', readFileSync('/usr/bin/perl')), async (target) => {
    const modules = await run('perl', ['-Mstrict', '-Mwarnings', '-e', 'print join "\n", values %INC']);
    for (const path of ['/usr/bin/perl', ...(await librariesOf('/usr/bin/perl')), ...modules.split('\n')]) {
      mkdirSync(join(target, dirname(path)), { recursive: true });
      copyFileSync(path, join(target, path));
    }
    await run('chroot', [target, '/usr/bin/perl', '-v']);
  });
}

/** The mover's program on the pinned Node.js, over a Debian that has the libraries for it. */
async function moverLayers(): Promise<Layer[]> {
  const [node, bundle] = [pinnedNode(), await bundleMover()];
  const program = (from: string, name: string) => (folder: string) => {
    mkdirSync(join(folder, 'usr/local/bin'), { recursive: true });
    copyFileSync(from, join(folder, 'usr/local/bin', name));
  };
  return Promise.all([
    layerOf(layerPath('node-alone', node.version), program(node.path, 'node')),
    layerOf(layerPath('mover', readFileSync(bundle)), program(bundle, 'x8s-mover')),
  ]);
}

/** The plugins' programs, over the Node.js that runs them. */
async function controllerLayer(): Promise<Layer> {
  const programs = await bundleController();
  const contents = programs.map((path) => readFileSync(path));
  return layerOf(layerPath('controller', ...contents), (folder) => {
    mkdirSync(join(folder, 'usr/local/bin'), { recursive: true });
    for (const path of programs) copyFileSync(path, join(folder, 'usr/local/bin', basename(path)));
  });
}

/** Images that change only with the lab itself. */
export async function baseImages(): Promise<Image[]> {
  const [debian, node, pause, still, coredns] = await Promise.all([
    debianLayer(),
    nodeLayer(),
    programLayer('pause'),
    programLayer('static'),
    programLayer('coredns'),
  ]);
  return [
    image(imageNames.plain, [debian], { Cmd: ['/bin/sh'] }),
    image('x8s.dev/lab/node:1', [node], { Cmd: ['/usr/local/bin/node'] }),
    image(imageNames.pause, [pause], { Entrypoint: ['/pause'], User: '65534' }),
    image(imageNames.static, [still], { Entrypoint: ['/static'] }),
    image(imageNames.coredns, [coredns], { Entrypoint: ['/coredns'] }),
  ];
}

/** The project's own images: base layers, and what this checkout builds. */
export async function projectImages(): Promise<Image[]> {
  const [debian, node, perl] = await Promise.all([debianLayer(), nodeLayer(), perlLayer()]);
  const [mover, controller] = await Promise.all([moverLayers(), controllerLayer()]);
  return [
    image(imageNames.mover, [debian, ...mover], recipes.mover.settings),
    image(imageNames.controller, [node, perl, controller], recipes.controller.settings),
  ];
}

const image = (name: string, layers: readonly Layer[], settings: ImageSettings): Image => ({
  name,
  architecture,
  layers,
  settings,
});
