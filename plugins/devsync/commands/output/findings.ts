/** What `init` and `doctor` found, as the outcome of a command. */
import type { Outcome } from '../../../../src/cli/output.ts';
import { ForbiddenError, X8sError } from '../../../../src/errors.ts';
import type { Finding } from '../../control/doctor.ts';
import { permissionsCheck } from '../../control/rights.ts';
import { findingsTable } from './output-tables.ts';

/** The findings as a table. One failed check makes the command fail: with 4 where the cluster does not allow something, else 1. */
export function reportFindings(findings: readonly Finding[]): Outcome {
  const failed = findings.filter((one) => one.verdict === 'failed');
  const outcome = { data: findings, table: findingsTable(findings) };
  if (failed.length === 0) return outcome;
  const Failure = failed.some(({ check }) => check === permissionsCheck) ? ForbiddenError : X8sError;
  return { ...outcome, error: new Failure(`${failed.length} of ${findings.length} checks failed`) };
}
