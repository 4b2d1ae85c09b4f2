/** From a KRMSyncer resource to a task of the engine. Pure. */
import { UsageError } from '../../../src/errors.ts';
import { fieldsOf, type YamlField } from '../../../src/yaml-field.ts';
import { defaultLimits } from '../decide/brake.ts';
import { checkMap, type MapWords, type TaskSpec } from '../decide/spec.ts';
import { isGlob } from '../rules/glob.ts';
import { type KrmSyncer, parseKrmSyncer, serviceAccountOf } from '../rules/krmsyncer.ts';
import type { NamespaceScope } from '../rules/rule.ts';
import { syncerBounds } from '../rules/syncer-bounds.ts';
import { checkWithin, type Identity, identityFor, type RightsPolicy } from './access/rights.ts';
import { Refusal } from './resource/refusal.ts';
import type { SyncerObject } from './resource/resource.ts';

/** A resource has no options, and nobody is asked whether they are sure. */
const words: MapWords = {
  map: 'destination.namespace',
  ifSure: 'Name another namespace: only rules that name such a namespace themselves write to one.',
};

/** What a resource asks for, checked as far as that needs no look at a cluster. */
export interface Wanted {
  readonly spec: TaskSpec;
  readonly mode: 'push' | 'pull';
  readonly suspended: boolean;
  readonly identity: Identity;
  /** The Secret with the kubeconfig, in the resource's own namespace. */
  readonly secret: string;
  /** What a person should know beside the conditions. */
  readonly notes: readonly string[];
}

/**
 * What a resource asks for.
 * @param task the name of its task, as `taskOf` finds it
 * @throws {Refusal} it asks for something that can't be, or may not be here
 */
export function wantedOf(object: SyncerObject, policy: RightsPolicy, task: string): Wanted {
  const { namespace = '' } = object.metadata;
  const document = documentOf(object);
  const serviceAccountName = refusing('InvalidSpec', () => serviceAccountOf(document));
  const identity = identityFor(namespace, { serviceAccountName }, policy);
  const home = identity.who === 'namespace' ? namespace : undefined;
  const syncer = refusing('InvalidSpec', () => parseKrmSyncer(document, home));
  checkWithin(identity, syncer);
  const { config, mode, secret, adopt } = syncer;
  if (!secret)
    throw new Refusal(
      'InvalidSpec',
      'no Secret with a kubeconfig is named: remote.clusterConfig.kubeConfigSecretRef.name',
    );
  const spec: TaskSpec = {
    name: task,
    rules: config.rules,
    namespaces: scopeOf(syncer),
    map: new Map(Object.entries(config.map)),
    overrides: [],
    adopt,
    exact: false,
    forceConflicts: false,
    failBack: false,
    drift: 'fix',
    onImmutable: 'fail',
    prune: { prune: true, claims: false, namespaces: false, definitions: false },
    brake: defaultLimits,
    workers: 8,
    standby: config.standby ?? [],
    suspended: false,
  };
  refusing('InvalidSpec', () => checkMap(spec.map, spec.namespaces, words));
  return {
    spec,
    mode,
    identity,
    suspended: config.suspend,
    secret: secret.name,
    notes: notesOf(syncer, namespace),
  };
}

function documentOf({ apiVersion, kind, spec, metadata }: SyncerObject): YamlField {
  const { name, annotations = {} } = metadata;
  const bytes = Buffer.byteLength(JSON.stringify(spec ?? {}));
  if (bytes > syncerBounds.specBytes)
    throw new Refusal(
      'InvalidSpec',
      `spec: it has ${bytes} bytes, and ${syncerBounds.specBytes} are the most`,
      'Spread its rules over several KRMSyncers.',
    );
  return fieldsOf({ apiVersion, kind, metadata: { name, annotations }, spec: spec ?? {} }, 'resource');
}

/** What the engine's parser refuses is about a rule, or about something else of the spec. */
function refusing<T>(reason: 'InvalidSpec', work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const message = error.message.replace(/^resource: /, '');
    throw new Refusal(message.startsWith('spec.rules[') ? 'InvalidRule' : reason, message, error.hint);
  }
}

/** The namespaces by name, where every rule names its own: fewer are read then, and fewer rights are needed. */
function scopeOf({ config: { rules } }: KrmSyncer): NamespaceScope {
  const named = rules.flatMap(({ namespaces }) => namespaces);
  const literal = rules.every(({ namespaces }) => namespaces.length > 0) && !named.some(isGlob);
  return {
    include: literal ? [...new Set(named)].sort() : [],
    exclude: [],
    selector: [],
    // What belongs to one cluster is only copied where it is named.
    sensitive: named.some((name) => name.startsWith('kube')),
  };
}

function notesOf({ config, secret, meansHome }: KrmSyncer, namespace: string): string[] {
  const notes: string[] = [];
  if (secret?.namespace !== undefined && secret.namespace !== namespace)
    notes.push(`the Secret is read in namespace ${namespace}, not in ${secret.namespace}`);
  if (meansHome)
    notes.push(`rules that name no namespaces mean ${namespace} only, without rights of its own`);
  // The newer generation means the status alone where the same rule says as little.
  if (config.rules.some(({ carry }) => carry.what === 'whole'))
    notes.push('rules without syncFields copy whole objects with their status, as "destination" means them');
  return notes;
}
