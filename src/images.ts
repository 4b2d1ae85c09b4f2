/** The suite's own images. This is the one place that names the registry and the owner they are published under. */

// Set by scripts/build.ts; there is none of these when TypeScript runs as it is.
declare const X8S_REGISTRY: string | undefined;
declare const X8S_IMAGE_DIGESTS: ImageDigests | undefined;

/** `mover` is x8sync's pods; `controller` is nsreplicate in a cluster, and devsync's agent beside a container. */
export const imageNames = ['mover', 'controller'] as const;
export type ImageName = (typeof imageNames)[number];

/** `sha256:…` of the images that were built for a release, by their names. */
export type ImageDigests = Readonly<Partial<Record<ImageName, string>>>;

/** Registry and owner, as in `registry.example.com/owner`; a build for another owner sets X8S_REGISTRY. */
export const registry: string =
  typeof X8S_REGISTRY === 'string' && X8S_REGISTRY !== '' ? X8S_REGISTRY : 'x8s.dev';

const builtIn: ImageDigests = typeof X8S_IMAGE_DIGESTS === 'object' ? X8S_IMAGE_DIGESTS : {};

/**
 * What pods of this version pull: the image's tag and, in the executables of a release, the digest, which decides.
 * @param version without a `v`
 */
export function imageReference(name: ImageName, version: string, digests: ImageDigests = builtIn): string {
  const digest = digests[name];
  return `${registry}/${name}:${version}${digest === undefined ? '' : `@${digest}`}`;
}
