/** What `init` and `doctor` found, as the outcome of a command. */
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';
import type { Finding } from '../control/doctor.ts';
import { findingsTable } from './output-tables.ts';

/** The findings as a table. One failed check makes the command fail. */
export function reportFindings(findings: readonly Finding[]): Outcome {
  const failed = findings.filter((one) => one.verdict === 'failed');
  return {
    data: findings,
    table: findingsTable(findings),
    ...(failed.length > 0 && { error: new X8sError(`${failed.length} of ${findings.length} checks failed`) }),
  };
}
