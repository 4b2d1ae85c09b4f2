/** What each command of `npm run lab` does. */
import type { parseArgs } from 'node:util';
import { kubeconfigPath } from './config.ts';
import { purgeCache, takeDown } from './down.ts';
import * as components from './levers/components.ts';
import * as etcd from './levers/etcd.ts';
import { type Link, linkState, millisecondsOf, restoreLink, setLink } from './levers/link.ts';
import * as nodes from './levers/nodes.ts';
import { locked } from './lock.ts';
import { say, seconds } from './report.ts';
import { status, statusText } from './status.ts';
import { bringThirdUp, takeThirdDown } from './third.ts';
import { bringLabUp, isUp, kubectlPath, refreshImages } from './up.ts';

export const help = `Two real Kubernetes clusters on this machine, lab-a and lab-b (docs/lab.md).

  up [--third]               bring both up, or start again what is missing; --third: an API server lab-c too
  down [--third] [--purge]   take all away (or lab-c alone); --purge: what is cached between runs too
  status [-o json]           what runs, and how the line between the clusters is
  kubeconfig                 print the path of the kubeconfig, and nothing else
  kubectl                    print the path of the kubectl that was built with the clusters
  images                     build the images of this checkout and load them on all nodes

  link                                     show the line between the clusters
  link --delay 20ms --rate 200mbit         delay (each way) and limit it
  link --cut [--reject], link --restore    cut it: packets vanish, or are refused; make it whole and fast again
  link --dials a|b                         let connections be begun from this cluster only

  kill|stop|start|restart|freeze|thaw PART@WHERE
                             one server: etcd@lab-a, kube-apiserver@lab-b, kubelet@lab-a-2, agent
  drain NODE, uncordon NODE  lab-a-1, lab-a-2, lab-b-1
  fill CLUSTER/NAMESPACE/CLAIM [--leave BYTES | --leave-inodes N | --undo]
                             fill a volume of class tmpfs
  etcd snapshot|restore CLUSTER NAME       copy a cluster's etcd, and put the copy back
  etcd empty|compact|expire CLUSTER        forget everything; compact the history; make all watches too old
`;

/** The options of all commands. */
export const options = {
  delay: { type: 'string' },
  rate: { type: 'string' },
  cut: { type: 'boolean' },
  reject: { type: 'boolean' },
  dials: { type: 'string' },
  restore: { type: 'boolean' },
  leave: { type: 'string' },
  'leave-inodes': { type: 'string' },
  undo: { type: 'boolean' },
  third: { type: 'boolean' },
  purge: { type: 'boolean' },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values'];
type Command = (args: string[], options: Options) => Promise<void>;

function required(args: readonly string[], index: number, what: string): string {
  const value = args[index];
  if (value === undefined) throw new Error(`${what} is missing; see npm run lab -- help`);
  return value;
}

/** A command that needs a running lab. */
const onLab =
  (work: Command): Command =>
  async (args, options) => {
    if (!isUp()) throw new Error('the lab is down; npm run lab -- up');
    await work(args, options);
  };

/** A command for one server, written as PART@WHERE. */
const onComponent = (work: (where: string, part: string) => Promise<void> | void): Command =>
  onLab(async (args) => {
    const [part = '', where = ''] = required(args, 0, 'PART@WHERE').split('@');
    await work(where, part);
  });

async function link(_: string[], options: Options): Promise<void> {
  if (options.restore) await restoreLink();
  else if (options.cut || options.dials || options.delay !== undefined || options.rate !== undefined) {
    const now = linkState();
    const cut = options.cut ? (options.reject ? 'reject' : 'drop') : now.cut;
    const delay = options.delay === undefined ? now.delay : millisecondsOf(options.delay);
    const dials = options.dials === undefined ? now.dials : dialling(options.dials);
    await setLink({ cut, dials, delay, rate: options.rate ?? now.rate } satisfies Link, { stays: true });
  }
  process.stdout.write(`${JSON.stringify(linkState())}\n`);
}

function dialling(text: string): Link['dials'] {
  if (text === 'a' || text === 'b') return text;
  throw new Error(`--dials takes a or b, and not ${text}`);
}

async function fill(args: string[], options: Options): Promise<void> {
  const [cluster = '', namespace = '', claim = ''] = required(args, 0, 'CLUSTER/NAMESPACE/CLAIM').split('/');
  const ref = { cluster, namespace, claim };
  const files = options['leave-inodes'];
  if (options.undo) await nodes.unfillClaim(ref);
  else
    await nodes.fillClaim(ref, {
      leave: Number(options.leave ?? 0),
      ...(files === undefined ? {} : { leaveInodes: Number(files) }),
    });
}

async function memory(args: string[]): Promise<void> {
  const [what, cluster] = [required(args, 0, 'what to do'), required(args, 1, 'CLUSTER')];
  const name = (): string => required(args, 2, 'NAME');
  const works: Readonly<Record<string, () => Promise<void> | void>> = {
    snapshot: () => etcd.snapshotEtcd(cluster, name()),
    restore: () => etcd.restoreEtcd(cluster, name()),
    empty: () => etcd.emptyEtcd(cluster),
    compact: () => etcd.compactEtcd(cluster),
    expire: () => etcd.expireWatches(cluster),
  };
  const work = works[what];
  if (!work) throw new Error(`etcd ${what}: there are ${Object.keys(works).join(', ')}`);
  await work();
}

async function down(options: Options): Promise<void> {
  if (options.third) return takeThirdDown();
  await takeDown();
  if (options.purge) purgeCache();
  say(`down (${seconds()})`);
}

export const commands: Readonly<Record<string, Command>> = {
  up: (_, options) =>
    locked(async () => {
      await bringLabUp();
      if (options.third) await bringThirdUp();
    }),
  down: (_, options) => locked(() => down(options)),
  status: async (_, { output }) => {
    const now = await status();
    process.stdout.write(output === 'json' ? `${JSON.stringify(now)}\n` : statusText(now));
    if (!now.up) process.exitCode = 1;
  },
  kubeconfig: async () => {
    process.stdout.write(`${kubeconfigPath}\n`);
  },
  kubectl: async () => {
    process.stdout.write(`${kubectlPath()}\n`);
  },
  images: onLab(() => locked(refreshImages)),
  link: onLab(link),
  kill: onComponent(components.killComponent),
  stop: onComponent(components.stopComponent),
  start: onComponent(components.startComponent),
  restart: onComponent(components.restartComponent),
  freeze: onComponent(components.freezeComponent),
  thaw: onComponent(components.thawComponent),
  drain: onLab((args) => nodes.drainNode(required(args, 0, 'NODE'))),
  uncordon: onLab((args) => nodes.uncordonNode(required(args, 0, 'NODE'))),
  fill: onLab(fill),
  etcd: onLab(memory),
};
