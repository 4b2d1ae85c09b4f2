/** One object, as a person names it: `Secret shop/tls` as this plugin writes it, `secret/tls -n shop` as kubectl does. */
import { argument } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Resource } from '../../../../src/kube/api/resources.ts';
import type { ObjectPlace } from '../../objects/keys.ts';

export interface NamedObject {
  /** The first word: a kind, or kind and name. */
  readonly object: string | undefined;
  /** The second word: `NAMESPACE/NAME`, or a name. */
  readonly objectName: string | undefined;
  /** `-n` */
  readonly namespace: string | undefined;
}

export const objectArgument = () =>
  argument.optional('KIND[/NAME]', {
    description: 'Kind of one object of the primary, as kubectl takes it.',
  });

export const objectNameArgument = () =>
  argument.optional('[NAMESPACE/]NAME', {
    description: 'Its namespace on the primary (or -n), and its name.',
  });

/** The words apart; undefined where no object is named. */
export function partsOf({ object, objectName, namespace }: NamedObject) {
  if (object === undefined) return undefined;
  const [what = '', short] = object.split('/');
  const words = objectName === undefined ? [short] : objectName.split('/');
  const name = words.pop();
  if (!what || !name || words.length > 1 || (objectName !== undefined && short !== undefined))
    throw new UsageError(`An object is named like "Secret shop/tls" or "secret/tls -n shop".`);
  const [place] = words;
  if (place !== undefined && namespace !== undefined && place !== namespace)
    throw new UsageError(`-n ${namespace} names another namespace than ${place}/${name}.`);
  return { what, namespace: place ?? namespace, name };
}

/** An object's place on the primary, and its kind as that serves it. */
export interface FoundObject {
  readonly place: ObjectPlace;
  readonly resource: Resource;
}

/**
 * The object that is named; undefined where none is.
 * @throws {UsageError} it is not named as objects are, or the primary has no such kind
 */
export async function findObject(
  named: NamedObject,
  primary: KubeClient,
  signal: AbortSignal,
): Promise<FoundObject | undefined> {
  const parts = partsOf(named);
  if (!parts) return undefined;
  const [{ resolveResource }, { apiVersionOf }, { groupKind }] = await Promise.all([
    import('../../../../src/kube/cluster/discovery.ts'),
    import('../../../../src/kube/api/resources.ts'),
    import('../../objects/draft.ts'),
  ]);
  const resource = await resolveResource(primary, parts.what, { signal });
  const kind = groupKind({ apiVersion: apiVersionOf(resource), kind: resource.kind });
  const { name } = parts;
  if (!resource.namespaced && named.objectName?.includes('/'))
    throw new UsageError(`${kind} ${name} is in no namespace.`);
  const namespace = resource.namespaced ? (parts.namespace ?? primary.cluster.namespace) : '';
  return { place: { kind, namespace, name }, resource };
}

/** As `findObject`; that none is named is wrong usage. */
export async function requireObject(
  named: NamedObject,
  primary: KubeClient,
  signal: AbortSignal,
): Promise<FoundObject> {
  const found = await findObject(named, primary, signal);
  if (!found) throw new UsageError('Say which object, like "Secret shop/tls" or "secret/tls -n shop".');
  return found;
}
