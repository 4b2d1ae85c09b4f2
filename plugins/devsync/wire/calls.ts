/** The calls that a workstation makes to an agent, with their answers, and the greeting before them. */
import type { EndpointFacts } from '../sync/endpoint.ts';
import type { IgnoreRules } from '../sync/ignore/ignore.ts';
import type { WriteRule } from '../sync/ignore/write-rules.ts';
import type { ScanOptions } from '../sync/scan/scan.ts';
import { asCount, asList, asObject, asText, asWords, ProtocolError } from './check.ts';
import { type Compression, compressions, knownCompressions } from './frame.ts';
import { plainWords } from './plain-words.ts';

/** It is raised when an older end would misunderstand a newer one. */
export const protocolVersion = 1;

/** A feature: this end makes signatures, and sends and takes a content as differences to a file of the other side. */
const deltaFeature = 'contents:delta';

/** A feature: this end tells what is unchanged in contents that it has read, and sends the rest. */
const inPlaceFeature = 'contents:in-place';

/** A feature: this end takes a content in whose digest comes last. */
const earlyFeature = 'contents:early';

/** A feature: this end checks such a content by a code instead of its digest where it is given a key. */
const codeFeature = 'contents:code';

/** A feature: this end takes contents in by several streams at a time, and keeps to a bandwidth. */
const streamsFeature = 'contents:streams';

/** A feature: this end writes in place and keeps times where it is asked to. */
const writingFeature = 'write:rules';

/** A feature: this end takes the body of a frame in a frame of its own before it. */
const bodiesFeature = 'frames:body';

/** A feature: this end makes nothing wider than it is told that the other side has it. */
const reachFeature = 'entries:reach';

export interface Hello {
  readonly version: number;
  readonly features: readonly string[];
  readonly about: Readonly<Record<string, string | number>>;
}

export function ourHello(about: Hello['about']): Hello {
  return {
    version: protocolVersion,
    features: [
      ...knownCompressions().map((one) => `compression:${one}`),
      deltaFeature,
      inPlaceFeature,
      earlyFeature,
      codeFeature,
      streamsFeature,
      writingFeature,
      bodiesFeature,
      reachFeature,
    ],
    about,
  };
}

/** Checks the other end's greeting. @throws {ProtocolError} it speaks another version of the protocol */
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

/** The best compression that both ends know. */
export function bestCompression({ features }: Hello): Compression {
  const theirs = compressions.filter((one) => features.includes(`compression:${one}`));
  return theirs.filter((one) => knownCompressions().includes(one)).at(-1) ?? 'none';
}

/** Whether the other end takes and sends contents as differences. */
export const knowsDeltas = ({ features }: Hello): boolean => features.includes(deltaFeature);

/** Whether the other end tells what is unchanged in contents that it has read. */
export const tellsUnchanged = ({ features }: Hello): boolean => features.includes(inPlaceFeature);

/** Whether the other end takes in contents whose digest comes last. */
export const takesEarly = ({ features }: Hello): boolean => features.includes(earlyFeature);

/** Whether the other end checks such contents by codes. */
export const takesCodes = ({ features }: Hello): boolean => features.includes(codeFeature);

/** Whether the other end takes contents in by several streams at a time. */
export const takesStreams = ({ features }: Hello): boolean => features.includes(streamsFeature);

/** Whether the other end takes what is said of who may reach a file. */
export const knowsReach = ({ features }: Hello): boolean => features.includes(reachFeature);

/** Whether the other end takes the body of a frame in a frame of its own. */
export const takesBodies = ({ features }: Hello): boolean => features.includes(bodiesFeature);

/** Whether the other end can work as it is asked to. An older one would ignore the rules without an error. */
export const canWorkAsAsked = ({ features }: Hello, request: OpenRequest): boolean => {
  const { write = [], scan, bandwidth } = request;
  return (
    (features.includes(writingFeature) || (write.length === 0 && scan.times === undefined)) &&
    (features.includes(streamsFeature) || bandwidth === undefined)
  );
};

/** Which directory an agent works on, where it finds it, and how it writes there. */
export interface OpenRequest {
  /** Where the container's root is: empty for the agent's own, `/proc/1/root` where the agent runs beside the container. */
  readonly base: string;
  /** The synced directory: an absolute path as the container sees it. */
  readonly root: string;
  /** Whether the directory is made where it is missing. */
  readonly create: boolean;
  /** Nothing is ever written there: it need not be possible. */
  readonly readsOnly?: boolean | undefined;
  readonly scan: ScanOptions;
  readonly ignores: IgnoreRules;
  /** Bytes that the trash in the container may hold. */
  readonly trashLimit: number;
  /** Bytes that may be staged in the container at a time. */
  readonly stagingLimit?: number | undefined;
  /** How changed files are written. Files that no rule names are replaced. */
  readonly write?: readonly WriteRule[] | undefined;
  /** Bytes of contents a second, in each direction; there is no bound where it is absent. */
  readonly bandwidth?: number | undefined;
  /** Small contents may come along with what is told of the tree. Older agents don't know it, and send none. */
  readonly ahead?: boolean | undefined;
}

/** As an OpenRequest, for a scan that writes nothing in the container. With `create`, a missing root is no failure. */
export type ScanRequest = Omit<OpenRequest, 'trashLimit' | 'stagingLimit' | 'write' | 'bandwidth' | 'ahead'>;

/** The answer to a scan. The tree itself comes in frames of its own. */
export interface ScanAnswer {
  readonly isMissing: boolean;
}

export interface Opened {
  readonly facts: EndpointFacts;
  /** The synced directory with all links resolved, as the container sees it. */
  readonly root: string;
  /** The mount that the directory is on, as far as the agent can tell: device, file system, source. */
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
