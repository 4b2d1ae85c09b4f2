/**
 * What every failure of a copy is told with, beside its own message and the words of rsync: the last lines of the logs
 * of its pods, the cluster's warnings about its objects, and what to do next.
 */
import { X8sError } from '../../../../src/errors.ts';
import type { Event } from '../../../../src/kube/api/objects.ts';
import { services } from '../../../../src/kube/api/resources.ts';
import { describeEvent, warningsAbout } from '../../../../src/kube/cluster/events.ts';
import { type ClaimName, describeClaim } from '../../claims/claim.ts';
import type { SideEvidence } from '../../monitor/evidence.ts';
import type { Role } from '../../objects/sides.ts';

/** What was seen of each side. */
export type Evidence = Readonly<Record<Role, SideEvidence>>;

/** A cluster that does not answer now delays the news of a failure by no more than this. */
const limitMs = 5000;
const mostWarnings = 4;

/**
 * The error with what the logs and the clusters say; as it is where nothing was followed yet.
 *
 * @param hint for an error that has none.
 */
export async function withEvidence(
  error: unknown,
  { source, target }: Evidence,
  hint: string,
  signal: AbortSignal,
): Promise<unknown> {
  const sides = [source, target].filter(({ workload }) => workload !== undefined);
  if (!(error instanceof X8sError) || sides.length === 0) return error;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const warnings = await Promise.all(sides.map((side) => warningsOf(side, limited)));
  const news = [...wordsOf('source', source), ...wordsOf('mover', target), ...warnings.flat()];
  const said = [error.message, ...error.details];
  const lines = news.filter(({ text }) => !said.some((line) => line.includes(text)));
  const told = lines.map(({ told }) => withoutSecrets(told));
  return withDetails(error, told, error.hint ?? hint);
}

/** What to do about a failure of which nothing better is known. */
export const doctorHint = ({ source, target }: Readonly<Record<Role, ClaimName>>): string =>
  `kubectl x8sync doctor ${describeClaim(source)} ${describeClaim(target)} looks at both sides, and changes nothing`;

/** What is said, and how it is told. */
interface Said {
  readonly text: string;
  readonly told: string;
}

const wordsOf = (what: string, { lastLines }: SideEvidence): Said[] =>
  lastLines.map((text) => ({ text, told: `log of the ${what}: ${text}` }));

/** It only explains: what can't be read is left out. */
async function warningsOf({ workload, uids }: SideEvidence, signal: AbortSignal): Promise<Said[]> {
  if (!workload) return [];
  const { kube, namespace, name } = workload;
  try {
    const service = await kube.find(services, { namespace, name }, { signal }).catch(() => undefined);
    const own = new Set([...uids, service?.metadata.uid ?? '']);
    const found = await warningsAbout(kube, { namespace, uids: own }, mostWarnings, { signal });
    const where = `in ${kube.cluster.context}/${namespace}`;
    return found.map((event) => ({
      text: textOf(event),
      told: `event of ${subjectOf(event)} ${where}: ${describeEvent(event)}`,
    }));
  } catch {
    return [];
  }
}

const textOf = ({ message = '' }: Event) => message.trim().replaceAll(/\s+/g, ' ');

const subjectOf = ({ involvedObject }: Event) =>
  `${(involvedObject?.kind ?? 'object').toLowerCase()} ${involvedObject?.name}`;

const secrets: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)/gs, '(a private key)'],
  // A line of such a key.
  [/(?<=: )[A-Za-z0-9+/]{60,}={0,2}$/g, '(left out)'],
  [/(?<=:\/\/)[^\s/@]+@/g, ''],
  [/(?<=\b(?:bearer|basic) )[\w.~+/=-]{8,}/gi, '(left out)'],
  [/(?<=\b(?:password|token|secret)=)[^\s&"']+/gi, '(left out)'],
];

/** What pods and clusters say is theirs; no key and no credential of it is told. */
function withoutSecrets(text: string): string {
  return secrets.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text);
}

/** The error with more to read, and with this hint in the place of its own where one is given. */
export function withDetails(error: unknown, details: readonly string[], hint: string | undefined): unknown {
  if (!(error instanceof X8sError)) return error;
  const all = [...error.details, ...details];
  return Object.defineProperties(error, {
    details: { value: all },
    ...(hint !== undefined && { hint: { value: hint } }),
  });
}
