/** The key of a task's keyed digests: random, the same on every workstation, and nowhere but in one Secret. */
import { randomBytes } from 'node:crypto';
import { X8sError } from '../../../src/errors.ts';
import { isAlreadyExists } from '../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { Secret } from '../../../src/kube/api/objects.ts';
import { secrets } from '../../../src/kube/api/resources.ts';
import { metadataOf } from './task-objects.ts';

const FIELD = 'digest-key';
const BYTES = 32;

/** The task's key; undefined where it was never run. */
export async function findDigestKey(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<Uint8Array | undefined> {
  const { namespace, name } = metadataOf(task, 'key');
  const secret = await kube.find(secrets, { namespace, name }, call);
  return secret && read(secret);
}

/** The task's key, made where it has none yet. */
export async function ensureDigestKey(
  kube: KubeClient,
  task: string,
  call: CallOptions = {},
): Promise<Uint8Array> {
  const found = await findDigestKey(kube, task, call);
  if (found) return found;
  const object: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(task, 'key'),
    type: 'Opaque',
    immutable: true,
    data: { [FIELD]: randomBytes(BYTES).toString('base64') },
  };
  try {
    return read(await kube.create(secrets, object, call));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return ensureDigestKey(kube, task, call);
  }
}

function read({ data, metadata }: Secret): Uint8Array {
  const key = Buffer.from(data?.[FIELD] ?? '', 'base64');
  if (key.length === BYTES) return key;
  throw new X8sError(`Secret ${metadata.namespace}/${metadata.name} holds no key of ${BYTES} bytes.`, {
    hint: 'Delete it: a new one is made, and every Secret is compared and written once more.',
  });
}
