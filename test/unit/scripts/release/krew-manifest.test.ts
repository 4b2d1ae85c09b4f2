/**
 * The rules of krew (pkg/index/validation of sigs.k8s.io/krew v0.4.x) and of krew-index (docs: naming guide, CI), on what
 * our templates become.
 */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { templateOf } from '../../../../scripts/krew-manifests.ts';
import { renderManifest } from '../../../../scripts/release/krew-manifest.ts';
import {
  archiveOf,
  programOf,
  releasePlatforms,
  releasePlugins,
} from '../../../../scripts/release/targets.ts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly homepage: string;
    readonly shortDescription: string;
    readonly description: string;
    readonly caveats?: string;
    readonly platforms: readonly {
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
      readonly files?: readonly unknown[];
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    }[];
  };
}

const version = 'v1.2.3';
const digestOf = (archive: string) => Buffer.from(archive).toString('hex').padEnd(64, '0').slice(-64);
const render = (plugin: string, baseUrl?: string) =>
  renderManifest(templateOf(plugin), { version, baseUrl, digestOf });

test('every plugin has a template', () => {
  expect(releasePlugins).toEqual(['devsync', 'nsreplicate', 'x8sync']);
});

describe.each(releasePlugins)('the manifest of %s', (plugin) => {
  const manifest = parse(render(plugin)) as Manifest;
  const { spec } = manifest;

  test('has the keys that krew reads, and no others: krew itself passes over what is mistyped', () => {
    expect(Object.keys(manifest).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    const allowed = ['caveats', 'description', 'homepage', 'platforms', 'shortDescription', 'version'];
    expect(Object.keys(spec).filter((key) => !allowed.includes(key))).toEqual([]);
    for (const platform of spec.platforms)
      expect(Object.keys(platform).sort()).toEqual(['bin', 'selector', 'sha256', 'uri']);
  });

  test('is a Plugin of the version that krew knows', () => {
    expect(manifest.apiVersion).toBe('krew.googlecontainertools.github.com/v1alpha2');
    expect(manifest.kind).toBe('Plugin');
    expect(spec.version).toBe(version);
  });

  test('is named as its file, by the naming guide', () => {
    expect(manifest.metadata.name).toBe(plugin);
    expect(plugin).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(plugin).not.toMatch(/^kube/);
  });

  test('has descriptions that a list and a page can show', () => {
    expect(spec.shortDescription).toMatch(/^[A-Z].*[^.]$/);
    expect(spec.shortDescription).not.toContain('\n');
    // What `krew search` shows.
    expect(spec.shortDescription.length).toBeLessThanOrEqual(50);
    expect(spec.shortDescription).not.toMatch(/kubectl|plugin/i);
    expect(spec.description.length).toBeGreaterThan(80);
    for (const line of spec.description.split('\n')) expect(line.length).toBeLessThanOrEqual(90);
    expect(new URL(spec.homepage).protocol).toBe('https:');
  });

  test('covers each platform that there is a program for, once', () => {
    const labels = spec.platforms.map(({ selector: { matchLabels } }) => matchLabels);
    for (const label of labels) expect(Object.keys(label).sort()).toEqual(['arch', 'os']);
    expect(labels).toEqual(expect.arrayContaining(releasePlatforms.map(({ os, arch }) => ({ os, arch }))));
    expect(labels).toHaveLength(releasePlatforms.length);
  });

  test('leads to archives of their platform, by digest', () => {
    for (const { uri, sha256, bin, selector } of spec.platforms) {
      const { os, arch } = selector.matchLabels as { os: 'linux' | 'darwin' | 'windows'; arch: 'amd64' };
      const archive = archiveOf(plugin, version, { os, arch });
      expect(uri).toBe(`https://github.com/x8s-dev/x8s/releases/download/${version}/${archive}`);
      expect(archive).toMatch(os === 'windows' ? /\.zip$/ : /\.tar\.gz$/);
      expect(sha256).toBe(digestOf(archive));
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(bin).toBe(programOf(plugin, { os }));
    }
  });

  test('can lead to another place', () => {
    const { spec: elsewhere } = parse(render(plugin, 'https://mirror.example/x8s/')) as Manifest;
    for (const { uri } of elsewhere.platforms)
      expect(uri).toMatch(/^https:\/\/mirror\.example\/x8s\/kubectl-/);
  });
});

describe('a template', () => {
  test('is refused with a version that krew does not take', () => {
    for (const wrong of ['1.2.3', 'v1.2', 'v01.2.3', 'latest'])
      expect(() => renderManifest('', { version: wrong, digestOf })).toThrow(wrong);
  });

  test('is refused where it holds what is not understood', () => {
    expect(() => renderManifest('a: {{ .Unknown }}', { version, digestOf })).toThrow('{{ .Unknown }}');
  });

  test('ends with what the digest of a missing archive throws', () => {
    const missing = () => {
      throw new Error('not made');
    };
    expect(() => renderManifest(templateOf('x8sync'), { version, digestOf: missing })).toThrow('not made');
  });
});
