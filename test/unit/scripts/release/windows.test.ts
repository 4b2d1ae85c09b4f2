/** The real executables are read by another program in test/long/release.test.ts. */
import { expect, test } from '@jest/globals';
import { Format, NtExecutable, NtExecutableResource, Resource } from 'resedit';
import { nameExecutable } from '../../../../scripts/release/windows.ts';

const english = { lang: 0x0409, codepage: 1200 };
const blob = { type: 10, id: 'NODE_SEA_BLOB', lang: 0, codepage: 0, bin: new Uint8Array([1, 2, 3]).buffer };
const icon = { type: 3, id: 1, lang: 0x0409, codepage: 1200, bin: new ArrayBuffer(8) };

/** A small executable that says it is Node.js, with a place for a signature that is not there. */
function nodeLike(): Buffer {
  const executable = NtExecutable.createEmpty(false, false);
  const resources = NtExecutableResource.from(executable);
  const information = Resource.VersionInfo.createEmpty();
  information.setStringValues(english, { ProductName: 'Node.js', FileVersion: '26.10.0', Comments: 'old' });
  information.outputToResourceEntries(resources.entries);
  resources.entries.push(blob, icon);
  resources.outputResource(executable);
  const signature = { virtualAddress: 0x400, size: 0x100 };
  executable.newHeader.optionalHeaderDataDirectory.set(Format.ImageDirectoryEntry.Certificate, signature);
  return Buffer.from(executable.generate());
}

const named = { program: 'kubectl-x8sync', description: 'Copy claims', version: '1.2.3-rc.1' };

test('an executable for Windows says its own name and version, and no longer that it is signed', () => {
  const executable = NtExecutable.from(nameExecutable(nodeLike(), named));
  const { entries } = NtExecutableResource.from(executable);
  const [information, ...others] = Resource.VersionInfo.fromEntries(entries);
  expect(others).toEqual([]);
  expect(information?.getStringValues(english)).toEqual({
    ProductName: 'x8s',
    FileDescription: 'Copy claims',
    FileVersion: '1.2.3-rc.1',
    ProductVersion: '1.2.3-rc.1',
    InternalName: 'kubectl-x8sync',
    OriginalFilename: 'kubectl-x8sync.exe',
    LegalCopyright: expect.stringContaining('Apache-2.0'),
  });
  expect(information?.fixedInfo).toMatchObject({
    fileVersionMS: 0x1_0002,
    fileVersionLS: 0x3_0000,
    productVersionMS: 0x1_0002,
  });
  expect(entries.find(({ id }) => id === 'NODE_SEA_BLOB')?.bin).toEqual(blob.bin);
  expect(entries.some(({ type }) => type === 3)).toBe(false);
});

test('the same bytes come of the same executable', () => {
  const file = nodeLike();
  expect(nameExecutable(file, named).equals(nameExecutable(file, named))).toBe(true);
});

test('what is no executable for Windows is refused', () => {
  expect(() => nameExecutable(Buffer.from('\x7fELF'.padEnd(4096)), named)).toThrow();
});
