/**
 * Executables of macOS without the names of what is local to them, which only a debugger reads: a quarter of Node.js's
 * own. What other files may bind to, and what it binds to itself, stays. Does what `strip -x` does, without a Mac.
 *
 * Layouts are those of <mach-o/loader.h> and <mach-o/nlist.h>, 64 bits and little-endian.
 */
import { loadCommands, round, segmentsOf } from './macho-file.ts';

const kinds = { symbolTable: 0x2, dynamicSymbolTable: 0xb, codeSignature: 0x1d } as const;
/** Where an entry's fields begin, and how long an entry of a table is. */
const symbolSize = 16;
const indirectSize = 4;
/** INDIRECT_SYMBOL_LOCAL and INDIRECT_SYMBOL_ABS: the entry is no number of a symbol. */
const notASymbol = 0xc0000000;

interface Tables {
  /** Where the load commands begin that say where the tables are. */
  readonly at: { readonly symbols: number; readonly dynamic: number; readonly signature: number };
  readonly symbols: { readonly offset: number; readonly count: number };
  readonly strings: { readonly offset: number; readonly size: number };
  readonly indirect: { readonly offset: number; readonly count: number };
  /** How many symbols are local: they are the first ones. */
  readonly locals: number;
}

/**
 * The executable without its local symbols, and without its signature, which they were part of: its load command stays
 * and names an empty place at the end, for `signAdHoc`.
 * @throws {Error} it is no thin 64-bit Mach-O file, or its symbols are not its last content but the signature
 */
export function stripMachO(file: Buffer): Buffer {
  const tables = tablesOf(file);
  const { symbols, strings, locals } = tables;
  const kept = Buffer.from(
    file.subarray(symbols.offset + locals * symbolSize, symbols.offset + symbols.count * symbolSize),
  );
  const names = renamed(kept, file.subarray(strings.offset, strings.offset + strings.size));
  const indirect = renumbered(file, tables);
  const indirectAt = symbols.offset + kept.length;
  const namesAt = indirectAt + indirect.length;
  const stripped = Buffer.alloc(round(namesAt + names.length, 16));
  file.copy(stripped, 0, 0, symbols.offset);
  for (const [part, at] of [
    [kept, symbols.offset],
    [indirect, indirectAt],
    [names, namesAt],
  ] as const)
    part.copy(stripped, at);
  writeTables(stripped, tables, { indirectAt, namesAt, namesSize: names.length });
  return stripped;
}

function tablesOf(file: Buffer): Tables {
  const at = new Map(loadCommands(file).map((command) => [command.kind, command.at]));
  const [symbolsAt, dynamicAt, signature] = [
    at.get(kinds.symbolTable),
    at.get(kinds.dynamicSymbolTable),
    at.get(kinds.codeSignature),
  ];
  if (symbolsAt === undefined || dynamicAt === undefined || signature === undefined)
    throw new Error('this Mach-O file has no symbols, or was never signed');
  const number = (place: number): number => file.readUInt32LE(place);
  const tables: Tables = {
    at: { symbols: symbolsAt, dynamic: dynamicAt, signature },
    symbols: { offset: number(symbolsAt + 8), count: number(symbolsAt + 12) },
    strings: { offset: number(symbolsAt + 16), size: number(symbolsAt + 20) },
    indirect: { offset: number(dynamicAt + 56), count: number(dynamicAt + 60) },
    locals: number(dynamicAt + 12),
  };
  refuseOtherOrder(tables, { firstLocal: number(dynamicAt + 8), signed: number(signature + 8) });
  return tables;
}

/** Only the order that Apple's linkers write is taken: symbols, indirect symbols, strings, signature, and nothing else. */
function refuseOtherOrder(
  { symbols, indirect, strings }: Tables,
  { firstLocal, signed }: { firstLocal: number; signed: number },
): void {
  const ends = [
    symbols.offset + symbols.count * symbolSize,
    indirect.offset + indirect.count * indirectSize,
    strings.offset + strings.size,
  ];
  const begins = [indirect.offset, strings.offset, signed];
  const inOrder = ends.every((end, index) => {
    const gap = (begins[index] ?? 0) - end;
    return gap >= 0 && gap < symbolSize;
  });
  if (firstLocal !== 0 || !inOrder) throw new Error('the symbols of this Mach-O file are in another order');
}

/** The string table of just these symbols, which get their new places in it. */
function renamed(symbols: Buffer, strings: Buffer): Buffer {
  // A place of 0 means that there is no name; linkers put a space there.
  const names: Buffer[] = [Buffer.from(' \0')];
  let length = 2;
  for (let at = 0; at < symbols.length; at += symbolSize) {
    const old = symbols.readUInt32LE(at);
    if (old === 0) continue;
    const name = strings.subarray(old, strings.indexOf(0, old) + 1);
    symbols.writeUInt32LE(length, at);
    names.push(name);
    length += name.length;
  }
  return Buffer.concat(names);
}

/** The table by which stubs and pointers name their symbols, with the numbers that these have now. */
function renumbered(file: Buffer, { indirect, locals }: Tables): Buffer {
  const table = Buffer.from(file.subarray(indirect.offset, indirect.offset + indirect.count * indirectSize));
  for (let at = 0; at < table.length; at += indirectSize) {
    const symbol = table.readUInt32LE(at);
    if ((symbol & notASymbol) !== 0) continue;
    if (symbol < locals) throw new Error('a stub of this Mach-O file names a local symbol');
    table.writeUInt32LE(symbol - locals, at);
  }
  return table;
}

interface Places {
  readonly indirectAt: number;
  readonly namesAt: number;
  readonly namesSize: number;
}

/** Says in the load commands where the tables are now. */
function writeTables(
  file: Buffer,
  { at, symbols, locals }: Tables,
  { indirectAt, namesAt, namesSize }: Places,
): void {
  const { dynamic } = at;
  const firstExternal = file.readUInt32LE(dynamic + 16);
  const firstUndefined = file.readUInt32LE(dynamic + 24);
  for (const [place, value] of [
    [at.symbols + 12, symbols.count - locals],
    [at.symbols + 16, namesAt],
    [at.symbols + 20, namesSize],
    [dynamic + 12, 0],
    [dynamic + 16, firstExternal - locals],
    [dynamic + 24, firstUndefined - locals],
    [dynamic + 56, indirectAt],
    [at.signature + 8, file.length],
    [at.signature + 12, 0],
  ] as const)
    file.writeUInt32LE(value, place);
  const linkEdit = segmentsOf(file).get('__LINKEDIT');
  if (!linkEdit) throw new Error('this Mach-O file lacks a segment');
  file.writeBigUInt64LE(BigInt(file.length) - linkEdit.offset, linkEdit.at + 48);
}
