/** Sees to it that the cluster knows KRMSyncers. */
import { isConflict, isForbidden } from '../../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../../src/kube/api/client.ts';
import { isMet } from '../../../../src/kube/api/conditions.ts';
import type { Condition, KubeObject } from '../../../../src/kube/api/objects.ts';
import type { Resource } from '../../../../src/kube/api/resources.ts';
import { waitFor } from '../../../../src/kube/watch/wait.ts';
import { definitions, syncerDefinition } from './crd.ts';
import { installManager } from './installation.ts';

interface Schema {
  properties?: Record<string, Schema>;
}

interface Definition extends KubeObject {
  spec: { versions: { schema?: { openAPIV3Schema?: Schema } }[] };
  status?: { conditions?: Condition[] };
}

const crds = definitions as Resource as Resource<Definition>;
const ESTABLISHED_MS = 15_000;

/** Fields of a resource's spec, as a definition knows them. */
const specFields = (definition: Definition): string[] =>
  Object.keys(definition.spec.versions[0]?.schema?.openAPIV3Schema?.properties?.spec?.properties ?? {});

/**
 * Makes the definition where there is none. One that is there is left: which of its fields would get lost is said. Who may
 * not look takes it to be there.
 */
export async function ensureDefinition(
  kube: KubeClient,
  tell: { readonly info: (text: string) => void; readonly warn: (text: string) => void },
  options: CallOptions = {},
): Promise<void> {
  const ours = syncerDefinition() as Definition;
  const { name } = ours.metadata;
  const found = await kube.find(crds, { name }, options).catch((error: unknown) => {
    if (isForbidden(error)) return 'unknown' as const;
    throw error;
  });
  if (found === 'unknown') return;
  if (found) {
    const known = specFields(found);
    const lacking = specFields(ours).filter((field) => !known.includes(field));
    if (lacking.length > 0)
      tell.warn(
        `the definition of KRMSyncers in ${kube.cluster.context} does not know ${lacking.join(', ')}: the API server drops these fields; \`kubectl nsreplicate install\` puts ours in its place`,
      );
  } else {
    // As `install` would: a later version of it then finds its own fields, and no stranger's.
    await kube.apply(crds, ours, { ...options, fieldManager: installManager }).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
    tell.info(`${kube.cluster.context}: made the definition of KRMSyncers`);
  }
  await established(kube, name, options);
}

/** Resolves when the API server serves the resources. */
export function established(kube: KubeClient, name: string, options: CallOptions): Promise<true> {
  const isThere = (definition: Definition | undefined) => isMet(definition, 'Established') || undefined;
  return waitFor(kube, crds, { name }, isThere, { timeoutMs: ESTABLISHED_MS, signal: options.signal });
}
