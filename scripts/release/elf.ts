/**
 * Executables of Linux without what only a debugger reads: a quarter of Node.js's own. Done here and not by `strip`,
 * which knows only the processors that it was built for.
 *
 * Layouts are those of elf(5), 64 bits and little-endian as on amd64 and arm64.
 */

const header = { sectionOffset: 0x28, sectionCount: 0x3c, sectionNames: 0x3e };
const entrySize = 64;
/** SHF_ALLOC: the section is in memory while the program runs. */
const allocated = 0x2n;
const types = { null: 0, stringTable: 3, rela: 4, noBits: 8, rel: 9 };

interface Section {
  readonly entry: Buffer;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly offset: number;
  readonly size: number;
}

/**
 * The executable with just the sections that it runs with.
 * @throws {Error} it is no 64-bit little-endian ELF file, or not laid out as linkers do
 */
export function stripElf(file: Buffer): Buffer {
  if (file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    throw new Error('this is no 64-bit little-endian ELF file');
  const sections = sectionsOf(file);
  const kept = sections.filter(({ type, flags }) => type === types.null || (flags & allocated) !== 0n);
  const end = Math.max(...kept.map(endInFile), endOfSegments(file));
  for (const { name, offset, type } of sections)
    if (type !== types.noBits && offset > 0 && offset < end && !kept.some((one) => one.name === name))
      throw new Error(`section ${name} lies between those that are needed`);
  const { names, offsets } = nameTable([...kept.map(({ name }) => name), '.shstrtab']);
  const table = align(end + names.length, 8);
  const stripped = Buffer.alloc(table + (kept.length + 1) * entrySize);
  file.copy(stripped, 0, 0, end);
  names.copy(stripped, end);
  kept.forEach((section, index) => {
    renumbered(section, offsets[index] ?? 0, sections, kept).copy(stripped, table + index * entrySize);
  });
  nameSection(offsets.at(-1) ?? 0, end, names.length).copy(stripped, table + kept.length * entrySize);
  stripped.writeBigUInt64LE(BigInt(table), header.sectionOffset);
  stripped.writeUInt16LE(kept.length + 1, header.sectionCount);
  stripped.writeUInt16LE(kept.length, header.sectionNames);
  return stripped;
}

function sectionsOf(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(header.sectionOffset));
  const entries = Array.from({ length: file.readUInt16LE(header.sectionCount) }, (_, index) =>
    file.subarray(start + index * entrySize, start + (index + 1) * entrySize),
  );
  const names = entries[file.readUInt16LE(header.sectionNames)];
  if (names === undefined) throw new Error('the ELF file has no names of sections');
  const text = file.subarray(Number(names.readBigUInt64LE(0x18)));
  return entries.map((entry) => {
    const at = entry.readUInt32LE(0);
    return {
      entry,
      name: text.toString('latin1', at, text.indexOf(0, at)),
      type: entry.readUInt32LE(4),
      flags: entry.readBigUInt64LE(8),
      offset: Number(entry.readBigUInt64LE(0x18)),
      size: Number(entry.readBigUInt64LE(0x20)),
    };
  });
}

const endInFile = ({ type, offset, size }: Section): number => (type === types.noBits ? 0 : offset + size);

/** Where the last segment ends: program headers are 56 bytes each. */
function endOfSegments(file: Buffer): number {
  const start = Number(file.readBigUInt64LE(0x20));
  const ends = Array.from({ length: file.readUInt16LE(0x38) }, (_, index) => {
    const at = start + index * 56;
    return Number(file.readBigUInt64LE(at + 8) + file.readBigUInt64LE(at + 0x20));
  });
  return Math.max(...ends);
}

/** A section's entry with its new name, and with the numbers that other sections have now. */
function renumbered(
  { entry, type }: Section,
  name: number,
  sections: readonly Section[],
  kept: readonly Section[],
): Buffer {
  const copy = Buffer.from(entry);
  const numberOf = (old: number): number => Math.max(0, kept.indexOf(sections[old] as Section));
  copy.writeUInt32LE(name, 0);
  copy.writeUInt32LE(numberOf(entry.readUInt32LE(0x28)), 0x28);
  // Of other types sh_info is no section's number.
  if (type === types.rela || type === types.rel) copy.writeUInt32LE(numberOf(entry.readUInt32LE(0x2c)), 0x2c);
  return copy;
}

/** The table of names, and where each of them begins. */
function nameTable(names: readonly string[]): { names: Buffer; offsets: number[] } {
  let text = '\0';
  const offsets = names.map((name) => {
    if (name === '') return 0;
    const at = text.length;
    text += `${name}\0`;
    return at;
  });
  return { names: Buffer.from(text, 'latin1'), offsets };
}

function nameSection(name: number, offset: number, size: number): Buffer {
  const entry = Buffer.alloc(entrySize);
  entry.writeUInt32LE(name, 0);
  entry.writeUInt32LE(types.stringTable, 4);
  entry.writeBigUInt64LE(BigInt(offset), 0x18);
  entry.writeBigUInt64LE(BigInt(size), 0x20);
  entry.writeBigUInt64LE(1n, 0x30);
  return entry;
}

const align = (at: number, to: number): number => Math.ceil(at / to) * to;
