/** The proxy that the environment asks for, by the rules of Go's net/http, which kubectl follows. */
import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/** URL of the proxy for `server` by HTTPS_PROXY, HTTP_PROXY and NO_PROXY; undefined for a direct connection. */
export function proxyFor(server: string, env: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const either = (name: string) => env[name] || env[name.toLowerCase()];
  const proxy = either(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (!proxy) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || inRange(host, '127.0.0.0/8') || host === '::1') return undefined;
  const wantedPort = port || (protocol === 'https:' ? '443' : '80');
  const exceptions = (either('NO_PROXY') ?? '').split(',').map((item) => item.trim().toLowerCase());
  if (exceptions.some((item) => item !== '' && exempts(item, host, wantedPort))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** One item of NO_PROXY: `*`, an address, a range, or a domain (with its subdomains), with or without a port. */
function exempts(item: string, host: string, port: string): boolean {
  if (item === '*') return true;
  if (item.includes('/')) return inRange(host, item);
  const [, name = item, itemPort] = /^(.+?):(\d+)$/.exec(isIP(item) ? '' : item) ?? [];
  if (itemPort !== undefined && itemPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function inRange(host: string, range: string): boolean {
  const [address = '', bits = ''] = range.split('/');
  const [family, hostFamily] = [isIP(address), isIP(host)];
  if (family === 0 || family !== hostFamily || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(address, Number(bits), type);
  return list.check(host, type);
}
