/** How the mover reads rsync's error messages. */
import { expect, test } from '@jest/globals';
import { ErrorReader } from '../../../../../../plugins/x8sync/mover/rsync/errors.ts';
import { deliveredOf } from '../../../../../../plugins/x8sync/mover/rsync/stats.ts';

function read(...lines: readonly string[]) {
  const told: string[] = [];
  const reader = new ErrorReader(['/target'], (level, text) => told.push(`${level}: ${text}`));
  for (const line of lines) reader.line(line);
  return { reader, told };
}

test('a full disk is told from an attribute that the file system does not take', () => {
  const write = 'rsync: [receiver] write failed on "/target/a": No space left on device (28)';
  const attribute =
    'rsync: [receiver] rsync_xal_set: lsetxattr("/target/a","user.x") failed: No space left on device (28)';
  expect(read(write).reader).toMatchObject({ full: true, lost: new Set() });
  expect(read(attribute).reader).toMatchObject({ full: false, lost: new Set(['large xattrs']) });
});

test('a file that has as many names as the file system takes', () => {
  const { reader } = read('rsync: [generator] link "/target/10004" => 9999 failed: Too many links (31)');
  expect(reader).toMatchObject({ lost: new Set(['many hardlinks']), names: ['10004'], failed: 1 });
});

test('names are told as they are in the volume, once, and not those of the root folder', () => {
  const { reader } = read(
    'rsync: [generator] chown "/target/a "quoted" one" failed: Operation not permitted (1)',
    'rsync: [generator] failed to set times on "/target/a "quoted" one": Operation not permitted (1)',
    'rsync: [generator] failed to set times on "/target/.": Operation not permitted (1)',
    'rsync: [sender] send_files failed to open "/secret" (in source): Permission denied (13)',
    'could not make way for new regular file: clash',
    'cannot delete non-empty directory: link',
    'rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1852)',
  );
  expect(reader.names).toEqual(['a "quoted" one', 'secret', 'clash', 'link']);
  expect(reader.failed).toBe(4);
  expect([...reader.lost]).toEqual(['ownership', 'root folder']);
  expect(reader.said).toContain('chown');
});

test("without root the volume's own root folder is somebody else's, and is no file that failed", () => {
  const { reader } = read(
    'rsync: [generator] chgrp "/target/." failed: Operation not permitted (1)',
    'rsync: [generator] failed to set permissions on "/target/.": Operation not permitted (1)',
  );
  expect([...reader.lost]).toEqual(['root folder']);
  expect(reader).toMatchObject({ failed: 0, said: undefined });
  expect([
    ...read('rsync: [generator] chgrp "/target/a" failed: Operation not permitted (1)').reader.lost,
  ]).toEqual(['ownership']);
});

test('vanished files and the daemon that refuses', () => {
  const { reader, told } = read('file has vanished: "/a" (in source)', '@ERROR: chdir failed', '');
  expect(reader).toMatchObject({ vanished: 1, refused: true, said: '@ERROR: chdir failed', failed: 0 });
  expect(told).toEqual(['warning: file has vanished: "/a" (in source)', 'error: @ERROR: chdir failed']);
});

test('what was not deleted since it was too much', () => {
  const { reader } = read('Deletions stopped due to --max-delete limit (2 skipped)');
  expect(reader).toMatchObject({ undeleted: 2, failed: 0 });
});

test('a file that came and could not be put in its place is none that was copied', () => {
  const { reader } = read(
    'rsync: [generator] failed to set times on "/target/folder": Operation not permitted (1)',
    'rsync: [receiver] rename "/target/.x8sync/tmp/fixed.OeOBdj" -> "folder/fixed": Operation not permitted (1)',
    'rsync: [receiver] rename "/target/.x8sync/tmp/a" -> "b.7fWjRr" -> "a" -> "b": Operation not permitted (1)',
    'rsync: [receiver] chown "/target/.x8sync/tmp/kept.7fWjRr" failed: Operation not permitted (1)',
    'rsync: [receiver] failed to set permissions on "/target/kept": Operation not permitted (1)',
    'rsync: [receiver] rsync_xal_set: lsetxattr("/target/x","user.x") failed: Operation not supported (95)',
    'rsync: [sender] send_files failed to open "/secret" (in source): Permission denied (13)',
  );
  // Of one that is still in the temporary folder, rsync tells no more than how it is called.
  expect(reader.names).toEqual(['folder', 'folder/fixed', 'a" -> "b', 'kept', 'x', 'secret']);
  expect(reader.undelivered).toBe(2);
  expect(deliveredOf({ transferredFiles: 6, entries: 9 }, reader)).toEqual({
    transferredFiles: 4,
    entries: 9,
  });
});

test('a file that was sent twice and is another one there all the same is named, and none that was copied', () => {
  const { reader } = read(
    'rsync: [sender] read errors mapping "/a/broken" (in source): Input/output error (5)',
    'ERROR: a/broken failed verification -- update put into partial-dir.',
    'ERROR: changing failed verification -- update discarded.',
  );
  expect([reader.names, reader.failed, reader.undelivered]).toEqual([['a/broken', 'changing'], 2, 4]);
  const stats = { transferredFiles: 6, files: 4, transferredBytes: 60, totalBytes: 40 };
  expect(deliveredOf(stats, reader)).toEqual({ ...stats, transferredFiles: 2, transferredBytes: 40 });
  // One that came right the second time leaves no line.
  expect(deliveredOf({ transferredFiles: 5, files: 4 }, { undelivered: 0 })).toEqual({
    transferredFiles: 4,
    files: 4,
  });
});

test('an rsync that sends counts what it then can’t open: that is none that was copied', () => {
  const lines = [
    'file has vanished: "/source/gone"',
    'rsync: [sender] send_files failed to open "/source/secret": Permission denied (13)',
  ];
  const told = (...roots: [target: string, source?: string]) => {
    const reader = new ErrorReader(roots, () => {});
    for (const line of lines) reader.line(line);
    return reader;
  };
  expect(told('/target', '/source')).toMatchObject({ vanished: 1, failed: 1, undelivered: 2 });
  expect(told('/target')).toMatchObject({ vanished: 1, failed: 1, undelivered: 0 });
  const sent = {
    transferredFiles: 3,
    transferredBytes: 30,
    literalBytes: 10,
    matchedBytes: 2,
    totalBytes: 30,
  };
  expect(deliveredOf(sent, { undelivered: 2 })).toEqual({
    ...sent,
    transferredFiles: 1,
    transferredBytes: 12,
  });
  // A dry run sends nothing.
  const dry = { ...sent, literalBytes: 0, matchedBytes: 0 };
  expect(deliveredOf(dry, { undelivered: 1 })).toEqual({ ...dry, transferredFiles: 2 });
});
