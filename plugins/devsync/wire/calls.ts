/** What a workstation asks of an agent. */

import type { EndpointFacts } from '../sync/endpoint.ts';
import type { IgnoreRules } from '../sync/ignore.ts';
import type { ScanOptions } from '../sync/scan.ts';
import type { WriteRule } from '../sync/write-rules.ts';
import { asCount, asList, asObject, asText, asWords, ProtocolError, plainWords } from './check.ts';
import { type Compression, compressions, knownCompressions } from './frame.ts';

/** Raised when an older end would misunderstand a newer one. */
export const protocolVersion = 1;

/** Said by who gives signatures, and takes and sends contents as differences to a file that the other side has. */
const deltaFeature = 'contents:delta';

/** Said by who writes in place and keeps times where that is asked for. */
const writingFeature = 'write:rules';

export interface Hello {
  readonly version: number;
  readonly features: readonly string[];
  readonly about: Readonly<Record<string, string | number>>;
}

export function ourHello(about: Hello['about']): Hello {
  return {
    version: protocolVersion,
    features: [...knownCompressions().map((one) => `compression:${one}`), deltaFeature, writingFeature],
    about,
  };
}

/** What the other end can do, checked. Throws where it speaks another version. */
export function asHello(value: unknown): Hello {
  const { version, features, about } = asObject(value, 'a hello');
  if (asCount(version, 'a version') !== protocolVersion)
    throw new ProtocolError(
      `the other end speaks version ${version} of the protocol, this one ${protocolVersion}`,
    );
  const words = asList(features, 'features').map((one) => asText(one, 'a feature'));
  const facts: Record<string, string | number> = {};
  for (const [name, fact] of Object.entries(asObject(about, 'facts')))
    if (typeof fact === 'string') facts[name] = plainWords(fact);
    else if (typeof fact === 'number') facts[name] = fact;
  return { version: protocolVersion, features: words, about: facts };
}

/** The best way of compressing that both ends know. */
export function bestCompression({ features }: Hello): Compression {
  const theirs = compressions.filter((one) => features.includes(`compression:${one}`));
  return theirs.filter((one) => knownCompressions().includes(one)).at(-1) ?? 'none';
}

/** Whether the other end knows signatures and differences. */
export const knowsDeltas = ({ features }: Hello): boolean => features.includes(deltaFeature);

/** Whether the other end can write as it is asked to: an older one would write as it always did, without a word. */
export const canWriteAsAsked = ({ features }: Hello, { write = [], scan }: OpenRequest): boolean =>
  features.includes(writingFeature) || (write.length === 0 && scan.times === undefined);

/** Where the agent finds the container's root, and what it is to work on. */
export interface OpenRequest {
  /** Empty for its own; `/proc/1/root` from beside the container. */
  readonly base: string;
  /** Absolute, as the container sees it. */
  readonly root: string;
  /** Make it where it is missing. */
  readonly create: boolean;
  readonly scan: ScanOptions;
  readonly ignores: IgnoreRules;
  /** Bytes. */
  readonly trashLimit: number;
  /** Bytes of what may be on its way there at a time. */
  readonly stagingLimit?: number | undefined;
  /** How changed files are written; replaced where no rule says otherwise. */
  readonly write?: readonly WriteRule[] | undefined;
}

/** The same for a look that leaves nothing there. With `create`, a missing root is no failure. */
export type ScanRequest = Omit<OpenRequest, 'trashLimit' | 'stagingLimit' | 'write'>;

/** The tree itself comes in frames of its own. */
export interface ScanAnswer {
  readonly isMissing: boolean;
}

export interface Opened {
  readonly facts: EndpointFacts;
  /** The root without links, as the container sees it. */
  readonly root: string;
  /** Where the root is mounted from, as far as the agent can tell: device, file system, source. */
  readonly mount: string;
}

export function asOpened(value: unknown): Opened {
  const { facts, root, mount } = asObject(value, 'an answer');
  const { rootId, foldsNames, hasModes, freeBytes, hasStaged, metadataFolder, isMetadataInside } = asObject(
    facts,
    'facts',
  );
  return {
    facts: {
      rootId: asText(rootId, 'an id'),
      foldsNames: foldsNames === true,
      hasModes: hasModes === true,
      freeBytes: asCount(freeBytes, 'a size'),
      hasStaged: hasStaged === true,
      metadataFolder: asWords(metadataFolder, 'a path'),
      isMetadataInside: isMetadataInside === true,
    },
    root: asText(root, 'a path'),
    mount: asText(mount, 'a mount'),
  };
}
