/** Archives that krew takes: the same content gives the same bytes, whenever and wherever they are made. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { ZipFile } from 'yazl';

export interface ArchiveFile {
  /** Name in the archive, without folders. */
  readonly name: string;
  /** Whether it is a program. */
  readonly executable: boolean;
}

/** Writes the files of a folder as a .tar.gz, in this order, owned by nobody and as old as the epoch. */
export async function writeTarball(
  path: string,
  folder: string,
  files: readonly ArchiveFile[],
): Promise<void> {
  await rm(path, { force: true });
  await create(
    {
      file: path,
      cwd: folder,
      portable: true,
      noPax: true,
      mtime: new Date(0),
      gzip: { level: 9 },
    },
    files.map(({ name }) => name),
  );
}

/** Writes the files of a folder as a .zip. */
export async function writeZip(path: string, folder: string, files: readonly ArchiveFile[]): Promise<void> {
  const zip = new ZipFile();
  for (const { name, executable } of files)
    zip.addBuffer(readFileSync(`${folder}/${name}`), name, {
      // The earliest that a zip can say; its fields are local time, whatever the zone is.
      mtime: new Date(1980, 0, 1),
      forceDosTimestamp: true,
      mode: executable ? 0o100755 : 0o100644,
      compressionLevel: 9,
    });
  zip.end();
  await pipeline(zip.outputStream as NodeJS.ReadableStream, createWriteStream(path));
}

/** SHA-256 of a file, in hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
