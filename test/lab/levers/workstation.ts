/** A workstation with a network of its own: its line to the clusters can be cut, long or narrow, and it can move to another address. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bridge, fastDir } from '../config.ts';
import { attempt, inNetns, run } from '../shell.ts';
import { DelayingProxy, proxyPort, setRate } from './slow-line.ts';

/** The last part of the addresses that workstations have; nodes and routers have smaller ones. */
const [lowest, highest] = [100, 250];
const device = 'eth0';
const addressOf = (part: number) => `${bridge.address.replace(/\d+$/, '')}${part}/24`;

/** What is sent is answered with a reset. */
const refusing = `table inet x8s_cut {
  chain output { type filter hook output priority 0; oifname "${device}" meta l4proto tcp reject with tcp reset; }
}
`;

/** The group of the program that delays: what it sends itself is not delayed once more. */
const proxyGroup = 15001;

const redirecting = `table inet x8s_far {
  chain output { type nat hook output priority -100; oifname "${device}" meta l4proto tcp meta skgid != ${proxyGroup} redirect to :${proxyPort}; }
}
`;

/** How the line of a workstation is. */
export interface Line {
  /** Milliseconds each way; a round trip takes twice that. It holds for connections that begin after it. */
  readonly delay?: number;
  /** Each way, in tc's words: `20mbit`. It holds at once. */
  readonly rate?: string;
}

/** One that nothing else on the machine shares: nobody is disturbed by what befalls it. */
export class LabWorkstation {
  readonly #part: number;
  readonly #netns: string;
  readonly #peer: string;
  /** What a command is begun with to run there. */
  readonly under: readonly string[];
  readonly #proxy: DelayingProxy;
  #address: string;
  #isFar = false;

  private constructor(part: number) {
    this.#part = part;
    this.#netns = `x8s-ws${part}`;
    this.#peer = `${bridge.name}-ws${part}`;
    const [program, args] = inNetns(this.#netns);
    this.under = [program, ...args];
    this.#address = addressOf(part);
    this.#proxy = new DelayingProxy({
      name: `workstation-${part}/wan`,
      netns: this.#netns,
      file: join(fastDir, `workstation-${part}-delay`),
      under: ['setpriv', '--regid', `${proxyGroup}`, '--clear-groups'],
    });
  }

  /** Makes one that reaches the clusters. The lab is up. */
  static async make(): Promise<LabWorkstation> {
    for (;;) {
      // Even numbers: the next address is the one that it moves to, and from there back.
      const one = new LabWorkstation(2 * randomInt(lowest / 2, highest / 2));
      // Another run may have taken this one.
      if ((await attempt('ip', ['netns', 'add', one.#netns])).code !== 0) continue;
      await one.#plug();
      return one;
    }
  }

  /** Packets vanish, both ways; nothing on this side tells of it. */
  async cut(): Promise<void> {
    await run('ip', ['link', 'set', this.#peer, 'nomaster']);
  }

  /** Makes the line whole again. */
  async join(): Promise<void> {
    await run('ip', ['link', 'set', this.#peer, 'master', bridge.name]);
  }

  /** Resets every connection on which anything is sent within this time, and refuses each new one. */
  async reset(milliseconds = 500): Promise<void> {
    await run(...inNetns(this.#netns, 'nft', '-f', '-'), { input: refusing });
    await sleep(milliseconds);
    await run(...inNetns(this.#netns, 'nft', 'delete', 'table', 'inet', 'x8s_cut'));
  }

  /** Gives it another address, as another network would: what was connected goes on from an address that is gone. */
  async move(): Promise<void> {
    const [first, second] = [addressOf(this.#part), addressOf(this.#part + 1)];
    const next = this.#address === first ? second : first;
    // By one process, as there is no address between the last two: the kernel takes the other ones of a network away with
    // its first one.
    const steps = [`add ${next}`, `del ${this.#address}`, `replace ${next}`];
    const input = steps.map((step) => `addr ${step} dev ${device}\n`).join('');
    await run('ip', ['-n', this.#netns, '-batch', '-'], { input });
    this.#address = next;
  }

  /** Makes the line as long and as narrow as this says; `far({})` is a fast one again. */
  async far({ delay = 0, rate }: Line): Promise<void> {
    await setRate(device, rate, this.#netns);
    await setRate(this.#peer, rate);
    await this.#proxy.set(delay);
    const isFar = delay > 0;
    if (isFar && !this.#isFar) await run(...inNetns(this.#netns, 'nft', '-f', '-'), { input: redirecting });
    if (!isFar && this.#isFar)
      await run(...inNetns(this.#netns, 'nft', 'delete', 'table', 'inet', 'x8s_far'));
    this.#isFar = isFar;
  }

  async remove(): Promise<void> {
    await this.#proxy.remove();
    await attempt('ip', ['netns', 'delete', this.#netns]);
    await attempt('ip', ['link', 'delete', this.#peer]);
  }

  async #plug(): Promise<void> {
    const ends = ['type', 'veth', 'peer', 'name', device, 'netns', this.#netns];
    await run('ip', ['link', 'add', this.#peer, ...ends]);
    await run('ip', ['link', 'set', this.#peer, 'master', bridge.name, 'up']);
    await this.#ip('addr', 'add', this.#address, 'dev', device);
    for (const name of [device, 'lo']) await this.#ip('link', 'set', name, 'up');
  }

  #ip(...args: string[]): Promise<string> {
    return run('ip', ['-n', this.#netns, ...args]);
  }
}
