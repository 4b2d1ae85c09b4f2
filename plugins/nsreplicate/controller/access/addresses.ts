/** Where kubeconfigs of KRMSyncers may not lead: into the machine or the cluster that the controller runs in. */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/** Ranges that are never another cluster's API server (IANA's special-purpose registries), and clouds' metadata. */
const special: readonly (readonly [cidr: string, what: string])[] = [
  ['0.0.0.0/8', 'this machine'],
  ['127.0.0.0/8', 'a loopback address'],
  ['169.254.0.0/16', 'a link-local address'],
  ['100.100.100.200/32', "a cloud's metadata service"],
  ['192.0.0.192/32', "a cloud's metadata service"],
  ['168.63.129.16/32', "a cloud's metadata service"],
  ['224.0.0.0/4', 'a multicast address'],
  ['255.255.255.255/32', 'a broadcast address'],
  ['::/128', 'this machine'],
  ['::1/128', 'a loopback address'],
  ['fe80::/10', 'a link-local address'],
  ['fd00:ec2::/32', "a cloud's metadata service"],
  ['ff00::/8', 'a multicast address'],
];

type Family = 'ipv4' | 'ipv6';
const familyOf = (address: string): Family => (isIPv6(address) ? 'ipv6' : 'ipv4');

function ranges(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    if (isIP(address) === 0) continue;
    const family = familyOf(address);
    list.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return list;
}

const specials = special.map(([cidr, what]) => [ranges([cidr]), what] as const);

/** Forms in which an IPv6 address carries an IPv4 one: mapped, compatible, NAT64 and 6to4. */
const carriers: readonly (readonly [range: BlockList, at: number])[] = [
  [ranges(['::ffff:0:0/96']), 6],
  [ranges(['::/96']), 6],
  [ranges(['64:ff9b::/96']), 6],
  [ranges(['2002::/16']), 1],
];

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const bare = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = bare.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((one) => Number.parseInt(one, 16)));
  const [left, right] = [parse(head), parse(tail ?? '')];
  const filler = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: filler }, () => 0), ...right];
}

function carried(address: string): string | undefined {
  const found = carriers.find(([range]) => range.check(address, 'ipv6'));
  if (!found) return undefined;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(found[1], found[1] + 2);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Addresses that may not be connected to. */
export class Addresses {
  readonly #inner: BlockList;

  /** @param inner ranges of the controller's own cluster: of its pods, Services and nodes */
  constructor(inner: readonly string[] = []) {
    this.#inner = ranges(inner);
  }

  /** What an address is that may not be connected to; undefined: it may. */
  refused(address: string): string | undefined {
    const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
    if (isIP(bare) === 0) return 'no address';
    const family = familyOf(bare);
    const found = specials.find(([range]) => range.check(bare, family));
    if (found) return found[1];
    if (this.#inner.check(bare, family)) return "an inner address of the controller's own cluster";
    const inside = family === 'ipv6' ? carried(bare) : undefined;
    return inside === undefined ? undefined : this.refused(inside);
  }
}

/**
 * Finds addresses of host names as the system does, and fails where one of them is refused. Whoever connects uses it, so
 * that the address that was looked at is the one that is connected to.
 */
export function guardedLookup(addresses: () => Addresses): LookupFunction {
  return (hostname, options, answer) => {
    const [first, all] = [options.all !== true, { ...options, all: true } as const];
    resolve(hostname, all, (error, found) => {
      if (error) return answer(error, []);
      const refused = found
        .map(({ address }) => addresses().refused(address))
        .find((what) => what !== undefined);
      const [one] = found;
      if (refused !== undefined || !one)
        return answer(new RefusedAddress(hostname, refused ?? 'no address'), []);
      if (first) answer(null, one.address, one.family);
      else answer(null, found);
    });
  };
}

/** A host name that leads where kubeconfigs may not lead. */
export class RefusedAddress extends Error {
  readonly code = 'ERR_ADDRESS_REFUSED';

  constructor(hostname: string, what: string) {
    super(`${hostname} leads to ${what}, where kubeconfigs of KRMSyncers may not lead`);
  }
}
