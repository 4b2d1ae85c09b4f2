/** What a person wants of the Service that leads to the sshd, as given by flags. */
import { isIP } from 'node:net';
import { UsageError } from '../../../src/errors.ts';
import { internalAnnotations } from './providers.ts';

export interface ServiceOptions {
  /** Who may come in by a load balancer, as CIDRs; everyone where empty. */
  readonly sourceRanges?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The node port; any where absent. */
  readonly nodePort?: number | undefined;
  /** Where it is found instead of where the cluster says: behind NAT, or a bastion that forwards. */
  readonly host?: ServiceHost | undefined;
  /** A load balancer may have an address on the internet. */
  readonly isPublic?: boolean | undefined;
}

export interface ServiceHost {
  readonly host: string;
  /** The Service's own port where absent. */
  readonly port: number | undefined;
}

/** What a load balancer's Service bears: internal unless a public one is wanted; a person's own word stands above that. */
export function loadBalancerAnnotations({ annotations, isPublic }: ServiceOptions): Record<string, string> {
  return { ...(isPublic ? {} : internalAnnotations), ...annotations };
}

/** Whether a person has said anything that is about a load balancer and nothing else. */
export const isAboutLoadBalancer = ({ sourceRanges, annotations, isPublic }: ServiceOptions): boolean =>
  isPublic === true || Object.keys(annotations ?? {}).length > 0 || (sourceRanges ?? []).length > 0;

/** @throws UsageError where one is no CIDR. */
export function parseSourceRanges(texts: readonly string[], flag: string): readonly string[] {
  const wrong = texts.find((text) => !isCidr(text));
  if (wrong === undefined) return texts;
  throw new UsageError(`${flag}: ${JSON.stringify(wrong)} is no range of addresses`, {
    hint: 'for example 198.51.100.0/24, or 198.51.100.7/32 for one address',
  });
}

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

/** A qualified name (k8s.io/apimachinery, IsQualifiedName): an optional DNS name, a slash, and a name. */
const annotationKey =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Reads `K=V`. @throws UsageError where one is not, or its key is none of an annotation's. */
export function parseAnnotations(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
      if (annotationKey.test(key)) return [key, value];
      throw new UsageError(`${flag}: ${JSON.stringify(text)} is no annotation`, {
        hint: 'for example service.beta.kubernetes.io/aws-load-balancer-type=external',
      });
    }),
  );
}

/** Reads `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`. @throws UsageError where it is none of them. */
export function parseHost(text: string, flag: string): ServiceHost {
  const [, v6, name, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = v6 ?? name;
  const isHost = host !== undefined && (v6 === undefined || isIP(v6) === 6);
  if (isHost && (port === undefined || (Number(port) > 0 && Number(port) <= 65_535)))
    return { host, port: port === undefined ? undefined : Number(port) };
  throw new UsageError(`${flag}: ${JSON.stringify(text)} is not HOST or HOST:PORT`, {
    hint: 'for example nat.example.com:30022, or [2001:db8::1]:22',
  });
}
