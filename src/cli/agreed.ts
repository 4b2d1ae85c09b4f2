/** What a command does only once a person has seen it. */
import type { CommandContext } from './context.ts';

export interface Agreeing {
  /** `--yes`: it is told and not asked. */
  readonly yes: boolean;
  readonly question: string;
  /** What is agreed to, line by line. */
  readonly about: readonly string[];
}

/** Whether it may go on. @throws {UsageError} nobody can be asked, and `--yes` was not given */
export async function isAgreed(
  { reporter, confirm }: Pick<CommandContext, 'reporter' | 'confirm'>,
  { yes, question, about }: Agreeing,
): Promise<boolean> {
  if (!yes) return await confirm(question, about);
  for (const line of about) reporter.info(line);
  return true;
}
