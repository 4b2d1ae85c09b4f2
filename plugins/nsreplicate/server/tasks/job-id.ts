/** What a job is called: the same for as long as it is the same change of the same object on the same replica. */
import { createHash } from 'node:crypto';
import type { JobRecord } from '../../jobs/records.ts';

const CHARACTERS = 20;

/** Made of task, object, change and replica; says nothing about any of them. */
export function jobId(task: string, { kind, namespace = '', name, change, replica }: JobRecord): string {
  const parts = JSON.stringify([task, kind, namespace, name, change, replica]);
  return createHash('sha256').update(parts).digest('hex').slice(0, CHARACTERS);
}
