/** Compares the two trees where they lie: each side reads its own, and the source's manifest crosses the wire. */

import { MoverExit } from '../access/exit.ts';
import type { Source } from '../access/source.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { type Comparison, compareManifests, type Expectation } from '../manifest/compare.ts';
import { manifestOf } from '../manifest/walk.ts';
import type { Verification } from '../protocol/protocol.ts';
import { queries } from '../protocol/queries.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { FilterRule } from '../volume/filters.ts';
import { targetTree, treeAt } from '../volume/tree.ts';
import { VerifyGauge } from './gauge.ts';
import { BrokenManifest, receiveManifest } from './received.ts';

/** Differences that are told one by one; all are counted. */
const mostDifferences = 1000;

export interface VerifyParts {
  readonly runtime: Runtime;
  readonly connection: SourceAccess;
  readonly source: Source;
  readonly expectation: Expectation;
  readonly filters: readonly FilterRule[];
  /** A source that holds nothing is compared as well. */
  readonly allowEmpty: boolean;
}

/**
 * Reads both trees to their end, and tells the differences.
 *
 * @throws MoverExit where one of them could not be read whole, or the source has nothing to compare with: a comparison of
 *   nothing is no success.
 */
export async function verifyTrees(parts: VerifyParts): Promise<Comparison> {
  const { runtime, connection } = parts;
  const { comparison, why } = await connection.persist(() => attempt(parts));
  if (!comparison) throw new MoverExit('source-failed', `the source did not tell all that it has: ${why}`);
  if (comparison.entries <= 1 && !parts.allowEmpty) throw nothingToCompare(comparison, parts);
  for (const difference of comparison.differences) runtime.messages.write('difference', difference);
  return comparison;
}

function nothingToCompare({ extraneous }: Comparison, { filters }: Pick<VerifyParts, 'filters'>): MoverExit {
  const why = filters.length > 0 ? 'empty, or all of it is left out by the patterns' : 'empty';
  const what =
    extraneous === 0
      ? `the source is ${why}, and so is the target: there is nothing to compare`
      : `the source is ${why}: there is nothing to compare the target with`;
  return new MoverExit('source-empty', what);
}

/** What a comparison comes to. */
export function differing({ different, entries }: Verification): MoverExit {
  if (different === 0) return new MoverExit('ok', '');
  return new MoverExit('differs', `${different} of ${entries} entries differ between source and target`);
}

interface Attempt {
  readonly code: number;
  readonly comparison?: Comparison;
  /** Why the source's manifest did not come whole, where it did not. */
  readonly why?: string;
}

/** One comparison from its beginning: what a broken connection brought is worth nothing. */
async function attempt({ runtime, connection, source, expectation, filters }: VerifyParts): Promise<Attempt> {
  const { paths, messages, signal } = runtime;
  const gauge = new VerifyGauge(source, messages);
  const received = receiveManifest(connection.stream(queries.manifest(filters)), signal);
  const target = gauge.counting(manifestOf(treeAt(targetTree(paths), filters), (bytes) => gauge.read(bytes)));
  try {
    return { code: 0, comparison: await compareManifests(received, target, expectation, mostDifferences) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BrokenManifest) return { code: error.code, why: error.message };
    throw new MoverExit('io', `the target could not be read: ${(error as Error).message}`);
  } finally {
    await received.return(undefined);
  }
}
