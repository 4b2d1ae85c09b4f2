/**
 * Executables for Windows say what they are: Explorer and administrators' inventories read the version information, which
 * would otherwise be that of Node.js. Layouts are those of the PE format
 * (https://learn.microsoft.com/windows/win32/debug/pe-format); resources are read and written by resedit.
 */
import { Format, NtExecutable, NtExecutableResource, Resource } from 'resedit';

export interface Named {
  /** `kubectl-x8sync` */
  readonly program: string;
  /** One line, as Explorer shows it. */
  readonly description: string;
  /** `1.2.3` or `1.2.3-rc.1` */
  readonly version: string;
}

/** English of the United States, in Unicode. */
const language = { lang: 0x0409, codepage: 1200 };
const { ImageDirectoryEntry } = Format;
/** RT_ICON, RT_GROUP_ICON: Node's own picture. */
const icons = [3, 14];

/**
 * The executable under its own name and version. Node's signature, which no longer holds for it, goes: Windows takes an
 * unsigned program for unsigned, and one whose signature is broken for tampered with.
 * @throws {Error} it is no executable for Windows, or has no version information
 */
export function nameExecutable(file: Buffer, named: Named): Buffer {
  const executable = NtExecutable.from(file, { ignoreCert: true });
  const resources = NtExecutableResource.from(executable);
  const [information] = Resource.VersionInfo.fromEntries(resources.entries);
  if (!information) throw new Error(`${named.program} has no version information to replace`);
  describe(information, named);
  information.outputToResourceEntries(resources.entries);
  resources.entries = resources.entries.filter(({ type }) => !icons.includes(Number(type)));
  resources.outputResource(executable);
  withoutSignature(executable);
  return Buffer.from(executable.generate());
}

function describe(information: Resource.VersionInfo, { program, description, version }: Named): void {
  for (const one of information.getAllLanguagesForStringValues()) information.removeAllStringValues(one);
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  information.setFileVersion(major, minor, patch, 0, language.lang);
  information.setProductVersion(major, minor, patch, 0, language.lang);
  information.setStringValues(language, {
    ProductName: 'x8s',
    FileDescription: description,
    FileVersion: version,
    ProductVersion: version,
    InternalName: program,
    OriginalFilename: `${program}.exe`,
    LegalCopyright: 'Apache-2.0; NOTICE names what is bundled, Node.js among it',
  });
}

function withoutSignature({ newHeader }: NtExecutable): void {
  newHeader.optionalHeaderDataDirectory.set(ImageDirectoryEntry.Certificate, { virtualAddress: 0, size: 0 });
  // No checksum, which only drivers need, in place of one of other bytes.
  newHeader.optionalHeader.checkSum = 0;
}
