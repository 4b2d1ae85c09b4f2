/** What makes a line long or narrow: a proxy that delays TCP connections (netem is not in every kernel), and a rate. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { eventually } from '../../support/eventually.ts';
import { binary } from '../binaries.ts';
import { start, stop } from '../daemons.ts';
import { isRunning, processesOf, signal } from '../groups.ts';
import { attempt, inNetns } from '../shell.ts';

/** Where the proxies take connections, each in a network namespace of its own. */
export const proxyPort = 15001;

export interface DelayingProxyOptions {
  /** Of the daemon. */
  readonly name: string;
  readonly netns: string;
  /** Holds the delay. */
  readonly file: string;
  /** What it is started under. */
  readonly under?: readonly string[];
}

/** Delays what is redirected to its port; to redirect it is the caller's part. */
export class DelayingProxy {
  readonly #options: DelayingProxyOptions;

  constructor(options: DelayingProxyOptions) {
    this.#options = options;
  }

  /** It stays for the connections that go through it, without a delay once there is none. @param delay milliseconds each way */
  async set(delay: number): Promise<void> {
    const { file, name } = this.#options;
    writeFileSync(file, `${delay}\n`);
    if (isRunning(name)) signal(processesOf(name), 'SIGHUP');
    else if (delay > 0) await this.#start();
  }

  async remove(): Promise<void> {
    const { file, name } = this.#options;
    if (isRunning(name)) await stop(name);
    rmSync(file, { force: true });
  }

  async #start(): Promise<void> {
    const { file, name, netns, under = [] } = this.#options;
    start({ name, netns, command: [...under, binary('wan'), file] });
    await eventually(async () => {
      const { stdout } = await attempt(...inNetns(netns, 'ss', '-Hltn', `sport = :${proxyPort}`));
      assert(stdout.trim(), 'the delaying proxy does not listen');
    }, 5_000);
  }
}

/**
 * Limits what a device sends.
 *
 * @param rate in tc's words: `200mbit`; undefined: no limit
 * @param netns where the device is; this machine's own where absent
 */
export async function setRate(device: string, rate: string | undefined, netns?: string): Promise<void> {
  const tc = (...args: string[]) => {
    const all = ['tc', 'qdisc', ...args] as const;
    return netns === undefined ? attempt(all[0], all.slice(1)) : attempt(...inNetns(netns, ...all));
  };
  if (!rate) {
    await tc('del', 'dev', device, 'root'); // Fails where there is none.
    return;
  }
  const shape = ['tbf', 'rate', rate, 'burst', '128kb', 'latency', '100ms'];
  const { code, stderr } = await tc('replace', 'dev', device, 'root', ...shape);
  if (code !== 0) throw new Error(`rate ${rate}: ${stderr.trim()}`);
}
