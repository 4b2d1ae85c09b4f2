/** Images to a registry, by skopeo: it copies all architectures of an archive, and their digests stay what they are. */
import { spawnSync } from 'node:child_process';

export interface Push {
  /** Path of the OCI archive. */
  readonly archive: string;
  /** `registry.example.com/x8s/mover:1.2.3` */
  readonly reference: string;
}

/** Registries on this machine speak no TLS, as for Docker. */
const isLocal = (reference: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])(:|\/)/.test(reference);

/** What skopeo is called with. */
export function skopeoArguments({ archive, reference }: Push): string[] {
  const plain = isLocal(reference) ? ['--dest-tls-verify=false'] : [];
  return ['copy', '--all', '--preserve-digests', ...plain, `oci-archive:${archive}`, `docker://${reference}`];
}

/** The same as a person would type it. */
export const pushLine = (push: Push): string => ['skopeo', ...skopeoArguments(push)].join(' ');

/**
 * Pushes images, one after the other; skopeo's own words go to stderr.
 * Credentials are those of `skopeo login`, or of Docker.
 * @throws {Error} skopeo is not there, or could not push one
 */
export function pushImages(pushes: readonly Push[]): void {
  for (const push of pushes) {
    const { error, status } = spawnSync('skopeo', skopeoArguments(push), { stdio: ['ignore', 2, 2] });
    if (error)
      throw new Error(
        `skopeo can't be run (${error.message}). Install it (Debian's package is skopeo), or push with another client:\n${pushes.map((one) => `  ${pushLine(one)}\n`).join('')}`,
      );
    if (status !== 0)
      throw new Error(
        `${push.reference} was not pushed: skopeo ended with ${status}. Sign in with "skopeo login", then run the same again, or:\n  ${pushLine(push)}`,
      );
    console.error(`Pushed ${push.reference}`);
  }
}
