/** Discovery, aggregated (two requests, Kubernetes ≥ 1.26) or group by group (older API servers). */
import { X8sError } from '../../errors.ts';
import type { CallOptions, KubeClient } from '../api/client.ts';
import type { DiscoveredResource } from '../api/resources.ts';

type Found = Omit<DiscoveredResource, 'preferred'>;

interface Resources {
  resources: Found[];
  unavailable: string[];
}

interface AggregatedResource {
  resource: string;
  responseKind?: { kind?: string };
  scope?: 'Namespaced' | 'Cluster';
  singularResource?: string;
  shortNames?: string[];
  verbs?: string[];
  subresources?: { subresource: string }[];
}

interface AggregatedGroup {
  metadata?: { name?: string };
  versions?: { version: string; resources?: AggregatedResource[]; freshness?: 'Current' | 'Stale' }[];
}

interface LegacyResource {
  name: string;
  kind: string;
  namespaced: boolean;
  singularName?: string;
  shortNames?: string[];
  verbs?: string[];
}

/** The answer to either path, by servers that aggregate and by those that do not. */
interface Answer {
  kind?: string;
  items?: AggregatedGroup[];
  versions?: string[];
  groups?: { name: string; preferredVersion?: Version; versions: Version[] }[];
}

interface Version {
  version: string;
}

const as = (version: string) =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
const accept = `${as('v2')},${as('v2beta1')},application/json`;

/** Everything that the server serves: the core group first, then group by group in the server's order. */
export async function fetchResources(kube: KubeClient, options: CallOptions): Promise<Resources> {
  const ask = async (path: string) => {
    const answer = await kube.request<Answer>({ ...options, method: 'GET', path, accept, what: 'discovery' });
    return answer.kind === 'APIGroupDiscoveryList'
      ? fromAggregated(answer.items ?? [])
      : fromLegacy(kube, versionsOf(answer), options);
  };
  const { resources, unavailable } = join(await Promise.all([ask('/api'), ask('/apis')]));
  checkNumber(kube, resources.length, 'resources');
  return { resources: resources.filter(isPossible), unavailable };
}

/** Far more than any cluster has: what says more is no API server that one would wait for. */
const MOST = 20_000;

function checkNumber(kube: KubeClient, count: number, what: string): void {
  if (count > MOST)
    throw new X8sError(
      `${kube.cluster.context} (${kube.cluster.server}) says that it serves ${count} ${what}, and ${MOST} are the most that are looked at.`,
    );
}

/** In characters: Kubernetes takes no longer names. */
const LONGEST = { kind: 63, plural: 63, version: 63, group: 253 } as const;

/** A server may say anything; what bears a name that nothing can have is passed over. */
function isPossible(resource: Found): boolean {
  return (Object.keys(LONGEST) as (keyof typeof LONGEST)[]).every((part) => {
    const name: unknown = resource[part];
    return typeof name === 'string' && name.length <= LONGEST[part];
  });
}

function join(parts: Resources[]): Resources {
  return {
    resources: parts.flatMap(({ resources }) => resources),
    unavailable: parts.flatMap(({ unavailable }) => unavailable),
  };
}

function fromAggregated(groups: readonly AggregatedGroup[]): Resources {
  const versions = groups.flatMap(({ metadata, versions = [] }) =>
    versions.map((version) => ({ group: metadata?.name ?? '', ...version })),
  );
  return {
    resources: versions.flatMap(({ group, version, resources = [] }) =>
      resources.map((resource) => ofAggregated(group, version, resource)),
    ),
    unavailable: versions
      .filter(({ freshness }) => freshness === 'Stale')
      .map(({ group, version }) => `${group}/${version}`),
  };
}

function ofAggregated(group: string, version: string, resource: AggregatedResource): Found {
  return {
    group,
    version,
    plural: resource.resource,
    kind: resource.responseKind?.kind ?? '',
    namespaced: resource.scope === 'Namespaced',
    singular: resource.singularResource ?? '',
    shortNames: resource.shortNames ?? [],
    verbs: resource.verbs ?? [],
    subresources: (resource.subresources ?? []).map(({ subresource }) => subresource),
  };
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Each group's versions, the preferred one first. */
function versionsOf({ versions = [], groups = [] }: Answer): GroupVersion[] {
  const core = versions.map((version) => ({ group: '', version }));
  const named = groups.flatMap(({ name, preferredVersion, versions }) => {
    const rest = versions.filter(({ version }) => version !== preferredVersion?.version);
    return [...(preferredVersion ? [preferredVersion] : []), ...rest].map(({ version }) => ({
      group: name,
      version,
    }));
  });
  return [...core, ...named];
}

async function fromLegacy(
  kube: KubeClient,
  versions: readonly GroupVersion[],
  options: CallOptions,
): Promise<Resources> {
  checkNumber(kube, versions.length, 'versions of groups');
  return join(await Promise.all(versions.map((version) => askVersion(kube, version, options))));
}

/** One version's resources. One group whose server is down must not take the others with it. */
async function askVersion(
  kube: KubeClient,
  { group, version }: GroupVersion,
  options: CallOptions,
): Promise<Resources> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  try {
    const { resources = [] } = await kube.request<{ resources?: LegacyResource[] }>({
      ...options,
      method: 'GET',
      path,
    });
    return { resources: ofLegacy(group, version, resources), unavailable: [] };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return { resources: [], unavailable: [`${group}/${version}`] };
  }
}

function ofLegacy(group: string, version: string, resources: readonly LegacyResource[]): Found[] {
  const names = resources.map(({ name }) => name);
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, singularName = '', shortNames = [], verbs = [] }) => ({
      group,
      version,
      plural: name,
      kind,
      namespaced,
      singular: singularName,
      shortNames,
      verbs,
      subresources: names
        .filter((other) => other.startsWith(`${name}/`))
        .map((other) => other.slice(name.length + 1)),
    }));
}
