import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  compressed,
  type Image,
  imageDigest,
  packLayer,
  writeIndexArchive,
} from '../../../../scripts/images/oci.ts';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'x8s-oci-'));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** A folder with files of some age. */
function folder(name: string, seconds: number, files: Record<string, string>): string {
  const path = join(work, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(path, file), text);
    utimesSync(join(path, file), seconds, seconds);
  }
  return path;
}

async function image(name: string, seconds: number, architecture = 'amd64'): Promise<Image> {
  const from = folder(name, seconds, { b: '2', a: '1' });
  const layer = await compressed(await packLayer(from, `${from}.tar`, ['--owner=0', '--group=0']));
  return { name: 'registry.test/owner/mover:1.2.3', architecture, layers: [layer], settings: { Cmd: ['a'] } };
}

test('equal files give an image of equal digest, whenever they were written', async () => {
  const [one, other] = [await image('one', 1_000), await image('other', 2_000_000_000)];
  expect(imageDigest(one)).toBe(imageDigest(other));
  expect(imageDigest({ ...one, settings: { Cmd: ['b'] } })).not.toBe(imageDigest(one));
});

test('the archive of several architectures leads from its index to each layer', async () => {
  const images = [await image('amd64', 1), await image('arm64', 1, 'arm64')];
  const archive = join(work, 'image.tar');
  const digest = await writeIndexArchive('registry.test/owner/mover:1.2.3', images, archive);
  const layout = join(work, 'layout');
  mkdirSync(layout);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  const blob = (name: string) => readFileSync(join(layout, 'blobs', 'sha256', name.replace('sha256:', '')));
  const json = (name: string) => JSON.parse(blob(name).toString());
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  expect(manifests).toMatchObject([
    { digest, annotations: { 'io.containerd.image.name': 'registry.test/owner/mover:1.2.3' } },
  ]);
  const found = json(digest).manifests.map((entry: { digest: string; platform: object }) => {
    const { config, layers } = json(entry.digest);
    const { architecture, rootfs } = json(config.digest);
    const tar = gunzipSync(blob(layers[0].digest));
    writeFileSync(join(work, 'layer.tar'), tar);
    const names = execFileSync('tar', ['-tf', join(work, 'layer.tar')], { encoding: 'utf8' });
    return { platform: entry.platform, architecture, names, parts: rootfs.diff_ids.length };
  });
  const expected = (architecture: string) => ({
    platform: { architecture, os: 'linux' },
    architecture,
    names: './\n./a\n./b\n',
    parts: 1,
  });
  expect(found).toEqual([expected('amd64'), expected('arm64')]);
});
