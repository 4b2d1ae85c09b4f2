/** What a command prints on stdout. */
import type { Writable } from 'node:stream';
import type { ExitCode, X8sError } from '../errors.ts';
import { parseExactly } from '../json.ts';
import { byNumber, forTerminal, needsSafeJson, safeJson } from '../plain-text.ts';
import { renderTable, type Table } from './table.ts';

export const outputFormats = ['json', 'yaml', 'wide', 'name', 'table'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** How a command ended, and what it has to show for it in each form. */
export interface Outcome {
  /** `ok` where absent; an `error` brings its own. */
  readonly exitCode?: ExitCode | undefined;
  /** Shown on stderr after the rest, e.g. an IncompleteError beside the result. */
  readonly error?: X8sError | undefined;
  /** The document of `-o json` and `-o yaml`. */
  readonly data?: unknown;
  /** For people, without `-o`; the table where absent. */
  readonly text?: string | undefined;
  /** `-o table`, and `-o wide` with the columns that are wide only. */
  readonly table?: Table | undefined;
  /** `-o name`: one a line, e.g. `configmap/x8sync-backup-target`. */
  readonly names?: readonly string[] | undefined;
}

/** Formats that are read by programs: nothing else may be on stdout, and stderr keeps silent. */
export function isDocument(format: OutputFormat | undefined): boolean {
  return format === 'json' || format === 'yaml' || format === 'name';
}

interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Prints outcomes and events in the format asked for. */
export class Printer {
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly #format: OutputFormat | undefined;
  /** Something is on stdout. */
  printed = false;

  constructor({ stdout, stderr }: Streams, format: OutputFormat | undefined) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#format = format;
  }

  /** The one document, table or text at the end. */
  async outcome(outcome: Outcome): Promise<void> {
    const { data, text, table, names } = outcome;
    if (this.#format === 'json' || this.#format === 'yaml') {
      if (data !== undefined) await this.document(data);
    } else if (this.#format === 'name') {
      this.#write((names ?? []).map((name) => `${this.#name(name)}\n`).join(''));
    } else if (table && (this.#format !== undefined || text === undefined)) {
      // As kubectl does: that there is nothing is no data.
      if (table.rows.length === 0) this.#stderr.write(`${table.empty}\n`);
      const wide = this.#format === 'wide';
      this.#write(renderTable(table, { wide, columns: wide ? undefined : this.#columns }));
    } else if (text !== undefined && text !== '') {
      this.#write(forTerminal(text.endsWith('\n') ? text : `${text}\n`));
    }
  }

  /** A whole document: indented JSON, or YAML. */
  async document(data: unknown): Promise<void> {
    if (this.#format === 'yaml') return this.#write(await toYaml(data));
    this.#write(`${safeJson(JSON.stringify(data, undefined, 4))}\n`);
  }

  /** One of many while a command watches: a line of JSON, a YAML document, or a line of text. */
  async event(data: unknown, text: string): Promise<void> {
    if (this.#format === 'json') this.#write(`${safeJson(JSON.stringify(data))}\n`);
    else if (this.#format === 'yaml') this.#write(`---\n${await toYaml(data)}`);
    else this.#write(forTerminal(`${text}\n`));
  }

  /** Of the terminal; undefined where it is none. */
  get #columns(): number | undefined {
    const { isTTY, columns } = this.#stdout as Partial<NodeJS.WriteStream>;
    return isTTY === true ? columns : undefined;
  }

  /** For a program as it is; a terminal would obey what is in it. */
  #name(name: string): string {
    if ((this.#stdout as { isTTY?: boolean }).isTTY !== true) return name;
    return forTerminal(name).replaceAll('\n', byNumber);
  }

  #write(text: string): void {
    if (text === '') return;
    this.printed = true;
    this.#stdout.write(text);
  }
}

/**
 * Through JSON first, so that yaml sees what JSON readers see (no undefined, dates as text). Texts that would steer a
 * terminal are quoted, and what would do so goes by its number, which means the same in JSON and in YAML's quotes.
 */
async function toYaml(data: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(parseExactly(JSON.stringify(data)));
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && needsSafeJson(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return safeJson(document.toString());
}
