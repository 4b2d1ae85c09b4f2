/** Released programs instead of built ones, where the machine reaches a place that has them. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

/** Go's names of the processors that Kubernetes is released for. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

async function get(address: string): Promise<Response> {
  const response = await fetch(address).catch((cause) => {
    throw new Error(`${address} cannot be reached`, { cause });
  });
  if (!response.ok) throw new Error(`${address} answers ${response.status}`);
  return response;
}

/**
 * Downloads a released Kubernetes program into a folder, executable. Rejects where it cannot be had, or is not what its
 * checksum says; then the folder may hold a part of it.
 *
 * @param site of the releases, laid out as Kubernetes lays them out: `SITE/vVERSION/bin/linux/ARCHITECTURE/PROGRAM`,
 * and a SHA-256 in hex beside it.
 */
export async function downloadRelease(
  site: string,
  version: string,
  program: string,
  folder: string,
): Promise<void> {
  const architecture = architectures[process.arch];
  if (!architecture) throw new Error(`there are no released Kubernetes programs for ${process.arch}`);
  const address = `${site.replace(/\/$/, '')}/v${version}/bin/linux/${architecture}/${program}`;
  const wanted = (await (await get(`${address}.sha256`)).text()).trim().split(/\s/)[0];
  const { body } = await get(address);
  if (!body) throw new Error(`${address} is empty`);
  const hash = createHash('sha256');
  await pipeline(
    Readable.fromWeb(body as ReadableStream),
    async function* (parts: AsyncIterable<Uint8Array>) {
      for await (const part of parts) {
        hash.update(part);
        yield part;
      }
    },
    createWriteStream(join(folder, program), { mode: 0o755 }),
  );
  const found = hash.digest('hex');
  if (found !== wanted) throw new Error(`${address} has the SHA-256 ${found}, and not ${wanted}`);
}
