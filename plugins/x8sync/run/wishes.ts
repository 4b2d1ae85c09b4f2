/** What of a copy's request a schedule keeps to, besides what the task's specification has. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../src/tasks/spec.ts';
import type { CopyRequest } from './request.ts';

/**
 * Digest of what each of a schedule's copies does besides its specification. Not of the image, so that a newer version
 * of the plugin can change the times, and not of how the source was found: that stays as it was found.
 */
export function wishesDigest(request: CopyRequest): string {
  const { bandwidth, verify = false, parallel, compress, rsyncArgs, allowEmpty, allowMounted, pod } = request;
  const { deletes } = request.schedule ?? {};
  const wishes = { bandwidth, verify, parallel, compress, rsyncArgs, allowEmpty, allowMounted, pod, deletes };
  return createHash('sha256').update(canonicalJson(wishes)).digest('hex').slice(0, 16);
}
