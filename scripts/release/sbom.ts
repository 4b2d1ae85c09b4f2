/** Bills of materials for programs and images: SPDX 2.3 as JSON (https://spdx.github.io/spdx-spec/v2.3/). */
import { createHash } from 'node:crypto';
import type { DebianPackage } from '../images/debian-packages.ts';
import type { BundledPackage } from './bundled.ts';

export interface Subject {
  /** `kubectl-x8sync`. */
  readonly name: string;
  /** `v1.2.3`. */
  readonly version: string;
  readonly nodeVersion: string;
  /** SHA-256 of the program, in hex. */
  readonly digest: string;
}

const spdxId = (text: string): string => `SPDXRef-${text.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`;

/** npm's `sha512-<base64>` as SPDX writes it. */
const checksums = (integrity: string | undefined) => {
  const base64 = integrity?.startsWith('sha512-') ? integrity.slice('sha512-'.length) : undefined;
  if (base64 === undefined) return {};
  return {
    checksums: [{ algorithm: 'SHA512', checksumValue: Buffer.from(base64, 'base64').toString('hex') }],
  };
};

const purl = (name: string, version: string): string =>
  `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`;

function packageOf({ name, version, license, integrity }: BundledPackage) {
  return {
    SPDXID: spdxId(`npm-${name}-${version}`),
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: license,
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl(name, version) },
    ],
    ...checksums(integrity),
  };
}

/** A part of a document: a package of SPDX's. */
type Part = ReturnType<typeof packageOf> | ReturnType<typeof nodeOf> | ReturnType<typeof debianOf>;

function nodeOf(nodeVersion: string) {
  return {
    SPDXID: spdxId(`node-${nodeVersion}`),
    name: 'node',
    versionInfo: nodeVersion,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'MIT',
    copyrightText: 'NOASSERTION',
  };
}

/** A package of Debian's. Its licences stand in its copyright file, in no form that SPDX could name. */
function debianOf({ name, version, digest }: DebianPackage, architecture: string) {
  const locator = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`;
  return {
    SPDXID: spdxId(`deb-${name}-${version}`),
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    checksums: [{ algorithm: 'SHA256', checksumValue: digest }],
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator },
    ],
  };
}

/** The document for a program. The same input gives the same bytes: its time is that of the epoch, its namespace names the digest. */
export function sbom(subject: Subject, packages: readonly BundledPackage[]): string {
  const checksums = [{ algorithm: 'SHA256', checksumValue: subject.digest }];
  return documentOf(subject, { primaryPackagePurpose: 'APPLICATION', checksums }, [
    nodeOf(subject.nodeVersion),
    ...packages.map(packageOf),
  ]);
}

/** The document for an image of one architecture; `digest` is that of its layers, one behind the other. */
export function imageSbom(
  subject: Subject,
  parts: {
    readonly packages: readonly DebianPackage[];
    readonly architecture: string;
    readonly bundled: readonly BundledPackage[];
  },
): string {
  return documentOf(subject, { primaryPackagePurpose: 'CONTAINER' }, [
    nodeOf(subject.nodeVersion),
    ...parts.packages.map((one) => debianOf(one, parts.architecture)),
    ...parts.bundled.map(packageOf),
  ]);
}

function documentOf({ name, version, digest }: Subject, about: object, parts: readonly Part[]): string {
  const own = {
    SPDXID: spdxId(name),
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'Apache-2.0',
    licenseDeclared: 'Apache-2.0',
    copyrightText: 'NOASSERTION',
    ...about,
  };
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name}-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${version}-${createHash('sha256').update(digest).digest('hex').slice(0, 32)}`,
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: x8s-release'] },
    documentDescribes: [own.SPDXID],
    packages: [own, ...parts],
    relationships: parts.map(({ SPDXID }) => ({
      spdxElementId: own.SPDXID,
      relationshipType: 'CONTAINS',
      relatedSpdxElement: SPDXID,
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
