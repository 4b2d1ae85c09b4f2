/** Reads YAML field by field, so that every complaint names the line and the key that it is about. */
import { Document, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { closest } from './closest.ts';
import { UsageError } from './errors.ts';
import { exactInteger, isJson } from './json.ts';

interface Source {
  readonly file: string;
  readonly lines: LineCounter;
  readonly document: Document | undefined;
}

/** A value in a YAML document, with its place. */
export class YamlField {
  readonly #source: Source;
  readonly #node: Node | null | undefined;
  /** As a person would write it: `rules[2].kind`; empty for the whole document. */
  readonly path: string;

  constructor(source: Source, node: Node | null | undefined, path: string) {
    this.#source = source;
    this.#node = node;
    this.path = path;
  }

  /** The fields of a map. Refuses keys that are not in `known`, with the nearest that is. */
  map<K extends string>(known: readonly K[]): Partial<Record<K, YamlField>> {
    if (!isMap(this.#node)) throw this.problem(`must be a map with ${known.join(', ')}`);
    const fields: Partial<Record<K, YamlField>> = {};
    for (const { key, value } of this.#node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const path = this.#pathOf(name);
      if (!known.includes(name as K)) throw this.#unknown(path, key as Node, name, known);
      fields[name as K] = new YamlField(this.#source, (value ?? key) as Node, path);
    }
    return fields;
  }

  /** The fields of a map whose keys are free. */
  entries(): [string, YamlField][] {
    if (!isMap(this.#node)) throw this.problem('must be a map');
    return this.#node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      return [name, new YamlField(this.#source, (value ?? key) as Node, this.#pathOf(name))];
    });
  }

  list(): YamlField[] {
    if (!isSeq(this.#node)) throw this.problem('must be a list');
    return this.#node.items.map(
      (item, index) => new YamlField(this.#source, item as Node, `${this.path}[${index}]`),
    );
  }

  string(): string {
    if (!isScalar(this.#node) || typeof this.#node.value !== 'string') throw this.problem('must be a text');
    return this.#node.value;
  }

  strings(): string[] {
    return this.list().map((item) => item.string());
  }

  boolean(): boolean {
    if (!isScalar(this.#node) || typeof this.#node.value !== 'boolean')
      throw this.problem('must be true or false');
    return this.#node.value;
  }

  isBoolean(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === 'boolean';
  }

  isList(): boolean {
    return isSeq(this.#node);
  }

  isText(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === 'string';
  }

  /** The value as plain JSON, long integers as they are written. */
  json(): unknown {
    const { document } = this.#source;
    return document && exactIntegers(this.#node?.toJS(document));
  }

  /** Runs a parser of the value; what it refuses is refused here, with the line. */
  read<T>(parse: (text: string) => T): T {
    const text = this.string();
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UsageError) throw this.problem(error.message, error.hint);
      throw error;
    }
  }

  /** An error about this very field. */
  problem(what: string, hint?: string): UsageError {
    const name = this.path === '' ? 'the document' : this.path;
    return new UsageError(`${this.place}: ${name}: ${what}.`.replace(/\.\.$/, '.'), { hint });
  }

  /** `file:line:column`; the name alone of what was no text. */
  get place(): string {
    return this.#place(this.#node);
  }

  #pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  #unknown(path: string, node: Node, name: string, known: readonly string[]): UsageError {
    const [nearest = ''] = closest(name, known);
    return new UsageError(`${this.#place(node)}: unknown key ${JSON.stringify(path)}.`, {
      hint: `Did you mean ${JSON.stringify(nearest)}? Known here: ${known.join(', ')}.`,
    });
  }

  #place(node: Node | null | undefined): string {
    if (node && !node.range) return this.#source.file;
    const { line, col } = this.#source.lines.linePos(node?.range?.[0] ?? 0);
    return `${this.#source.file}:${line}:${col}`;
  }
}

/** The one document of a file. Throws UsageError with the line of what is not YAML. */
export function parseYaml(text: string, file: string): YamlField {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, intAsBigInt: true });
  if (!Array.isArray(documents) || documents.length === 0) throw new UsageError(`${file} is empty.`);
  const [document, second] = documents;
  const error = document?.errors[0] ?? second?.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new UsageError(`${file}:${line}:${col}: not YAML: ${error.message}`);
  }
  if (second)
    throw new UsageError(`${file} holds more than one document.`, { hint: 'Write one document a file.' });
  return new YamlField({ file, lines, document }, document?.contents as Node | null, '');
}

/** A value that was parsed already, as a document of which nobody knows lines: its fields complain by their paths. */
export function fieldsOf(value: unknown, name: string): YamlField {
  const document = new Document(value, { aliasDuplicateObjects: false });
  return new YamlField({ file: name, lines: new LineCounter(), document }, document.contents, '');
}

/** The parser made a BigInt of every integer: most of them are plain numbers. */
function exactIntegers(value: unknown): unknown {
  if (typeof value === 'bigint') return exactInteger(value);
  if (Array.isArray(value)) return value.map(exactIntegers);
  if (!isJson(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, exactIntegers(field)]));
}
