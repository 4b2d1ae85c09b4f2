/** The line between the two clusters: cut, slow, or far. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatHolder, livenessOf, parseHolder, thisProcess } from '../../../src/tasks/holder.ts';
import { fastDir, wan } from '../config.ts';
import { inNetns, run } from '../shell.ts';
import { DelayingProxy, proxyPort, setRate } from './slow-line.ts';

/** How the line between the clusters is. */
export interface Link {
  /** Nothing passes: packets vanish, or connections are refused. */
  readonly cut?: 'drop' | 'reject' | undefined;
  /** Connections are begun from this cluster only, as behind NAT or a firewall: the other one's packets vanish. */
  readonly dials?: 'a' | 'b' | undefined;
  /** What is connected to this TCP port by now falls silent, without a word to either end; new connections pass. */
  readonly silent?: number | undefined;
  /** Milliseconds each way; a round trip takes twice that. */
  readonly delay?: number | undefined;
  /** Each way, in tc's words: `200mbit`. */
  readonly rate?: string | undefined;
}

const stateFile = join(fastDir, 'link.json');
const devices = ['toward-a', 'toward-b'] as const;
const proxy = new DelayingProxy({ name: 'wan', netns: wan.netns, file: join(fastDir, 'link-delay') });

/** What the state file holds. */
interface State extends Link {
  /** The process that puts it right once it is done with it; absent where a person has set it. */
  readonly by?: string | undefined;
}

const readState = (): State =>
  existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as State) : {};

/** How the line is now. */
export function linkState(): Link {
  const { by: _, ...link } = readState();
  return link;
}

/** Makes the line whole again where a test was killed that had it cut or slow. Resolves with how it was left, if it was. */
export async function restoreAbandonedLink(): Promise<Link | undefined> {
  const { by } = readState();
  if (by === undefined || livenessOf(parseHolder(by)) !== 'dead') return undefined;
  const left = linkState();
  await restoreLink();
  return left;
}

/** Milliseconds of a duration such as `20ms` or `0.1s`. */
export function millisecondsOf(duration: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(duration) ?? [];
  if (!number) throw new Error(`not a delay: ${duration} (20ms, 0.5s)`);
  return Number(number) * (unit === 's' ? 1000 : 1);
}

const verdicts = {
  drop: 'drop',
  reject: 'meta l4proto tcp reject with tcp reset; reject',
} as const;

function rules({ cut, dials, delay, silent }: Link): string {
  const oneWay = dials ? `oifname "toward-${dials}" ct state new drop; ` : '';
  // Whoever begins with a SYN from now on bears the mark, and whoever did so before does not.
  const ends = (port: number) =>
    ['dport', 'sport'].map((end) => `tcp ${end} ${port} ct mark != 1 drop; `).join('');
  const hush = silent === undefined ? '' : `tcp flags & (syn | ack) == syn ct mark set 1; ${ends(silent)}`;
  const body = cut ? `iifname "toward-*" ${verdicts[cut].replace('; ', `; iifname "toward-*" `)};` : '';
  const out = cut ? `oifname "toward-*" drop;` : '';
  const chain = (hook: string, text: string): string =>
    `chain ${hook} { type filter hook ${hook} priority 0; policy accept; ${text} }`;
  const redirect = delay ? `iifname "toward-*" meta l4proto tcp redirect to :${proxyPort};` : '';
  return `table inet x8s_link {}
delete table inet x8s_link
table inet x8s_link {
  ${chain('forward', oneWay + hush + body)}
  ${chain('input', body)}
  ${chain('output', cut === 'drop' ? out : '')}
  chain prerouting { type nat hook prerouting priority -100; ${redirect} }
}
`;
}

/**
 * Makes the line what is asked for, and nothing else: `setLink({})` is a whole, fast line. A rate and a cut hold at
 * once for all that is under way; a delay holds for TCP connections that begin after it.
 *
 * @param stays also when this process has ended; else `up` makes the line whole again.
 */
export async function setLink(link: Link, { stays = false } = {}): Promise<void> {
  await proxy.set(link.delay ?? 0);
  for (const device of devices) await setRate(device, link.rate, wan.netns);
  await run(...inNetns(wan.netns, 'nft', '-f', '-'), { input: rules(link) });
  const isWhole = Object.values(link).every((value) => value === undefined);
  const by = stays || isWhole ? undefined : formatHolder(thisProcess());
  writeFileSync(stateFile, JSON.stringify({ ...link, by } satisfies State));
}

/** Cuts the line: packets vanish (`drop`) or connections are refused (`reject`). Delay and rate are kept. */
export const cutLink = (how: 'drop' | 'reject' = 'drop'): Promise<void> =>
  setLink({ ...linkState(), cut: how });

/** Makes the line whole and fast again. */
export const restoreLink = (): Promise<void> => setLink({});
