/** What a person reads of a mover's end: from its real lines, by the plugin's own words. */
import { incompleteness } from '../../../plugins/x8sync/commands/copy-outcome.ts';
import { MoverMessages } from '../../../plugins/x8sync/monitor/mover-messages.ts';
import { parseMoverLine } from '../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import { isThrough } from '../../../plugins/x8sync/run/results/copy-end.ts';
import { copyResult } from '../../../plugins/x8sync/run/results/copy-result.ts';
import { summaryOf } from '../../../plugins/x8sync/run/results/report.ts';
import { failureOf } from '../../../plugins/x8sync/run/results/result.ts';
import type { X8sError } from '../../../src/errors.ts';
import { fakeClock } from './fake-clock.ts';
import { fakeKube } from './fake-kube.ts';
import type { Ended } from './mover-programs.ts';

export interface Told {
  readonly exitCode: number;
  readonly message: string;
  /** rsync's own words among them. */
  readonly details: readonly string[];
  readonly hint: string | undefined;
  /** Where it came to its end. */
  readonly summary: string | undefined;
}

/** How the command would end that waited for this mover. */
export function toldOf({ lines }: Pick<Ended, 'lines'>): Told {
  const messages = new MoverMessages(fakeClock(), () => {});
  for (const text of lines) messages.take(parseMoverLine(text));
  const last = parseMoverLine(lines.at(-1) ?? '');
  if (last.kind !== 'end') throw new Error(`no end line: ${lines.at(-1)}`);
  const { end } = last;
  const claim = { kube: fakeKube(), namespace: 'shop' };
  const [source, target] = [
    { ...claim, claim: 'from' },
    { ...claim, claim: 'to' },
  ];
  if (!isThrough(end)) {
    const { diagnostics } = messages;
    const context = { diagnostics, begun: messages.hasBegun(end) };
    return told(failureOf(end, { source, target, mode: 'merge', name: undefined }, context));
  }
  const names = { task: 'db', source: 'fake/shop/from', target: 'fake/shop/to' };
  const how = { mode: 'merge', checksum: false, strategy: 'nodeport', seconds: 1 } as const;
  const result = copyResult(end, messages, { ...names, ...how });
  const summary = summaryOf(result);
  const error = incompleteness(result, false, 'run the same command again');
  return error ? told(error, summary) : { exitCode: 0, message: '', details: [], hint: undefined, summary };
}

const told = ({ exitCode, message, details, hint }: X8sError, summary?: string): Told => ({
  ...{ exitCode, message, details, hint, summary },
});
