/** What a command's options and arguments are, for parsing, help and completion alike. */
import type { CompletionRequest } from './request.ts';

/** One offer of completion. A `path/` that goes on wants no space after it. */
export interface Candidate {
  readonly value: string;
  readonly description?: string;
  readonly continues?: boolean;
}

/** Offers values for what is being typed; filtered by prefix afterwards. Errors and slowness offer nothing. */
export type Completer = (request: CompletionRequest) => Promise<readonly Candidate[]>;

export interface OptionDeclaration {
  /** As typed: `-n`, `--namespace`; the long one last. */
  readonly names: readonly string[];
  /** What stands for the value in help, in capitals; undefined for a flag. */
  readonly value: string | undefined;
  readonly description: string;
  /** Heading in help. */
  readonly group: string;
  readonly hidden: boolean;
  readonly repeatable: boolean;
  readonly choices: readonly string[] | undefined;
  readonly complete: Completer | undefined;
}

export interface PositionalDeclaration {
  /** In capitals, as in the usage line. */
  readonly name: string;
  readonly description: string | undefined;
  readonly required: boolean;
  /** Takes all that follow. */
  readonly rest: boolean;
  readonly complete: Completer | undefined;
}

/** The long name of an option, or the only one. */
export function longName({ names }: OptionDeclaration): string {
  return names.at(-1) ?? '';
}
