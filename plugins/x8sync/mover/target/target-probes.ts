/** Single features that are tried out in the staging folder: links, attributes, ACLs, long names. */
import { linkSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FileFeature, usualNameBytes } from '../protocol/losses.ts';
import { run } from '../system/programs.ts';

/** The kinds of things that a file system does not take. @param file one that is there, in the folder. */
export async function unsupportedFeatures(folder: string, file: string): Promise<FileFeature[]> {
  const [xattrs, acls] = await Promise.all([
    keepsAttribute(file, 'user.x8sync', '0x01'),
    keepsAttribute(file, 'system.posix_acl_access', someAcl),
  ]);
  const kept: Readonly<Record<FileFeature, boolean>> = {
    symlinks: keepsSymlinks(folder),
    hardlinks: keepsHardLinks(folder),
    xattrs,
    acls,
  };
  return (Object.keys(kept) as FileFeature[]).filter((kind) => !kept[kind]);
}

function keepsSymlinks(folder: string): boolean {
  const link = join(folder, 'symlink');
  return succeeds(() => {
    symlinkSync('nowhere', link);
    return lstatSync(link).isSymbolicLink();
  });
}

/** Two names of one file: what is written by the one is read by the other. */
function keepsHardLinks(folder: string): boolean {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  return succeeds(() => {
    writeFileSync(one, '');
    linkSync(one, other);
    writeFileSync(one, 'written');
    return readFileSync(other, 'utf8') === 'written';
  });
}

/**
 * An ACL as the kernel takes it (linux/posix_acl_xattr.h): version 2; then tag, rights and id of each entry, in little
 * endian: owner rw, user 54321 r, group r, mask r, others r.
 */
const someAcl =
  '0x02000000' +
  '01000600ffffffff' +
  '0200040031d40000' +
  '04000400ffffffff' +
  '10000400ffffffff' +
  '20000400ffffffff';

async function keepsAttribute(file: string, name: string, value: string): Promise<boolean> {
  const set = await run('setfattr', ['-n', name, '-v', value, file]);
  if (set.code !== 0) return false;
  const got = await run('getfattr', ['--absolute-names', '-e', 'hex', '-n', name, file]);
  return got.stdout.includes(`${name}=${value}\n`);
}

/** The most bytes that a name may have; those of most file systems are not looked beyond. */
export function nameBytesOf(folder: string): number {
  const fits = (bytes: number) =>
    succeeds(() => {
      const path = join(folder, 'n'.repeat(bytes));
      writeFileSync(path, '');
      rmSync(path);
      return true;
    });
  if (fits(usualNameBytes)) return usualNameBytes;
  let [fitting, tooLong] = [1, usualNameBytes];
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2);
    if (fits(middle)) fitting = middle;
    else tooLong = middle;
  }
  return fitting;
}

/** @throws where there is no room to try it. */
function succeeds(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (isFull(error)) throw error;
    return false;
  }
}

export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
