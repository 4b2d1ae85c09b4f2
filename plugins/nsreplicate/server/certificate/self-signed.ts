/** A certificate that signs itself, for a service that has none from anybody else (RFC 5280). */
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { TlsPair } from '../http/tls.ts';
import {
  bits,
  explicit,
  identifier,
  implicit,
  integer,
  octets,
  sequence,
  set,
  time,
  utf8,
  yes,
} from './der.ts';

export interface SelfSigned {
  /** DNS names and IPv4 addresses under which the service is asked; the first is the subject's. */
  readonly names: readonly [string, ...string[]];
  readonly from: Date;
  readonly to: Date;
}

const oid = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

/** A new key on the curve P-256, and a certificate for it, as PEM. */
export function selfSigned(wanted: SelfSigned): TlsPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const content = contentOf(wanted, publicKey);
  const algorithm = sequence(identifier(oid.ecdsaWithSha256));
  const signature = bits(sign('sha256', content, privateKey));
  return {
    cert: new X509Certificate(sequence(content, algorithm, signature)).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** What is signed. */
function contentOf({ names, from, to }: SelfSigned, publicKey: KeyObject): Buffer {
  const name = sequence(set(sequence(identifier(oid.commonName), utf8(names[0]))));
  const version3 = explicit(0, integer(2n));
  return sequence(
    version3,
    integer(serialNumber()),
    sequence(identifier(oid.ecdsaWithSha256)),
    name,
    sequence(time(from), time(to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, extensions(names)),
  );
}

/** At most 20 bytes, and never 0. */
const serialNumber = (): bigint => BigInt(`0x01${randomBytes(16).toString('hex')}`);

function extensions(names: readonly string[]): Buffer {
  const digitalSignature = bits(Buffer.from([0x80]), 7);
  return sequence(
    extension(oid.keyUsage, digitalSignature, true),
    extension(oid.basicConstraints, sequence(), true),
    extension(oid.extendedKeyUsage, sequence(identifier(oid.serverAuth))),
    extension(oid.subjectAltName, sequence(...names.map(alternative))),
  );
}

const extension = (id: string, content: Buffer, critical = false): Buffer =>
  sequence(identifier(id), ...(critical ? [yes()] : []), octets(content));

function alternative(name: string): Buffer {
  if (isIPv4(name)) return implicit(7, Buffer.from(name.split('.').map(Number)));
  return implicit(2, Buffer.from(name));
}
