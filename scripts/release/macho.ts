/**
 * Ad hoc signatures of Mach-O executables, made without a Mac: the kernels of Apple's arm64 machines kill what bears
 * none, and putting our code into Node.js spoils the one that it came with.
 *
 * Layouts are those of <mach-o/loader.h> and of xnu's osfmk/kern/cs_blobs.h. All numbers of the file are little-endian,
 * all of the signature big-endian.
 */
import { createHash } from 'node:crypto';
import { headerSize, loadCommands, round, type Segment, segmentsOf } from './macho-file.ts';

const signatureCommandSize = 16;
const codeSignature = 0x1d;

const superBlobMagic = 0xfade0cc0;
const codeDirectoryMagic = 0xfade0c02;
/** CSSLOT_CODEDIRECTORY */
const codeDirectorySlot = 0;
/** The first version that says where the executable segment lies. */
const codeDirectoryVersion = 0x20400;
const codeDirectorySize = 88;
const adHoc = 0x2;
const mainBinary = 0x1;
const sha256 = { type: 2, size: 32 };
const pageBits = 12;
const pageSize = 1 << pageBits;
/** arm64's pages, to which the last segment's memory is rounded. */
const memoryPage = 0x4000n;

interface Layout {
  readonly text: Segment;
  readonly linkEdit: Segment;
  /** Where the load command of the signature begins, and where the signature itself does. */
  readonly signature: { readonly at: number; readonly offset: number };
  /** There is no such load command yet. */
  readonly unsigned: boolean;
}

/**
 * The executable with an ad hoc signature in place of the one that it had.
 * @param name what the signature calls the program
 * @throws {Error} it is no thin 64-bit Mach-O executable with a place for a signature
 */
export function signAdHoc(executable: Buffer, name: string): Buffer {
  const { text, linkEdit, signature, unsigned } = layoutOf(executable);
  const end = round(signature.offset, 16);
  const size = round(signatureSize(name, end), 16);
  const signed = Buffer.alloc(end + size);
  executable.copy(signed, 0, 0, signature.offset);
  if (unsigned) addCommand(signed, signature.at);
  signed.writeUInt32LE(end, signature.at + 8);
  signed.writeUInt32LE(size, signature.at + 12);
  const linkSize = BigInt(end + size) - linkEdit.offset;
  signed.writeBigUInt64LE(((linkSize + memoryPage - 1n) / memoryPage) * memoryPage, linkEdit.at + 32);
  signed.writeBigUInt64LE(linkSize, linkEdit.at + 48);
  // The load commands are part of what is signed.
  writeSignature(signed, end, name, text);
  return signed;
}

function layoutOf(file: Buffer): Layout {
  const commands = loadCommands(file);
  const segments = segmentsOf(file);
  const [text, linkEdit] = [segments.get('__TEXT'), segments.get('__LINKEDIT')];
  if (!text || !linkEdit) throw new Error('this Mach-O file lacks a segment');
  const signed = commands.find(({ kind }) => kind === codeSignature);
  const place = signed
    ? { at: signed.at, offset: file.readUInt32LE(signed.at + 8) }
    : newPlace(file, text, commands.at(-1)?.end ?? headerSize);
  if (place.offset > file.length || BigInt(place.offset) < linkEdit.offset)
    throw new Error('the signature of this Mach-O file is outside of its last segment');
  return { text, linkEdit, signature: place, unsigned: signed === undefined };
}

/** Where a load command fits behind the others, for a signature behind everything. */
function newPlace(file: Buffer, text: Segment, at: number): Layout['signature'] {
  const free = file.subarray(at, at + signatureCommandSize);
  if (at + signatureCommandSize > firstSection(file, text) || free.some((byte) => byte !== 0))
    throw new Error('this Mach-O file has no place for a signature');
  return { at, offset: file.length };
}

/** Where the first section of a segment begins: load commands end before it. */
function firstSection(file: Buffer, { at, size }: Segment): number {
  const offsets = Array.from({ length: file.readUInt32LE(at + 64) }, (_, index) =>
    file.readUInt32LE(at + 72 + index * 80 + 48),
  );
  return Math.min(Number(size), ...offsets.filter((offset) => offset > 0));
}

/** Says in the header that there is one command more, which is the signature's. */
function addCommand(file: Buffer, at: number): void {
  file.writeUInt32LE(file.readUInt32LE(16) + 1, 16);
  file.writeUInt32LE(file.readUInt32LE(20) + signatureCommandSize, 20);
  file.writeUInt32LE(codeSignature, at);
  file.writeUInt32LE(signatureCommandSize, at + 4);
}

const pagesOf = (end: number): number => Math.ceil(end / pageSize);

const signatureSize = (name: string, end: number): number =>
  20 + codeDirectorySize + Buffer.byteLength(name) + 1 + pagesOf(end) * sha256.size;

/** A super blob with one part: the code directory, which has a digest of each page before it. */
function writeSignature(file: Buffer, end: number, name: string, text: Segment): void {
  const pages = pagesOf(end);
  const identifier = Buffer.from(`${name}\0`);
  const length = codeDirectorySize + identifier.length + pages * sha256.size;
  const blob = [superBlobMagic, 20 + length, 1, codeDirectorySlot, 20];
  for (const [index, value] of blob.entries()) file.writeUInt32BE(value, end + index * 4);
  const at = end + 20;
  const fields = [
    codeDirectoryMagic,
    length,
    codeDirectoryVersion,
    adHoc,
    codeDirectorySize + identifier.length, // digests begin here
    codeDirectorySize, // the name begins here
    0, // digests of what is not code
    pages,
    end,
  ];
  for (const [index, value] of fields.entries()) file.writeUInt32BE(value, at + index * 4);
  file.set([sha256.size, sha256.type, 0, pageBits], at + 36);
  file.writeBigUInt64BE(text.offset, at + 64);
  file.writeBigUInt64BE(text.size, at + 72);
  file.writeBigUInt64BE(BigInt(mainBinary), at + 80);
  identifier.copy(file, at + codeDirectorySize);
  for (let page = 0; page < pages; page++) {
    const code = file.subarray(page * pageSize, Math.min(end, (page + 1) * pageSize));
    const digest = createHash('sha256').update(code).digest();
    digest.copy(file, at + codeDirectorySize + identifier.length + page * sha256.size);
  }
}
