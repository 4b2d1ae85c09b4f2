/**
 * What a person has agreed to: a file of others says where files go and which commands run, so it is shown once for
 * each of its versions, in the cluster that it means here. That is remembered on this workstation alone.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterInfo } from '../../../src/kube/api/client.ts';
import { inFull } from '../../../src/plain-text.ts';
import { explainSync } from '../spec/explain.ts';
import type { Workstation } from '../spec/workstation.ts';
import type { Config, NamedTarget } from './parse-config.ts';

/** Where a file's syncs go. */
export interface ConfigTarget {
  readonly cluster: Pick<ClusterInfo, 'context' | 'server'>;
  readonly namespace: string;
  /** Of the cluster's kube-system namespace, where that may be read: others may answer at the same address. */
  readonly clusterUid?: string | undefined;
}

/** Tells versions apart: by the file's path and text, and by the cluster and namespace that it means. */
export function configDigest(
  { file, text }: Config,
  { cluster, namespace, clusterUid }: ConfigTarget,
): string {
  const which = clusterUid === undefined ? [cluster.server] : [cluster.server, clusterUid];
  return createHash('sha256')
    .update(JSON.stringify([file, text, ...which, namespace]))
    .digest('hex');
}

const markOf = ({ folder }: Workstation, digest: string) => join(folder, 'confirmed', digest);

export const isConfirmed = (workstation: Workstation, digest: string): boolean =>
  existsSync(markOf(workstation, digest));

export function rememberConfirmed(workstation: Workstation, digest: string, { file }: Config): void {
  mkdirSync(join(workstation.folder, 'confirmed'), { recursive: true, mode: 0o700 });
  writeFileSync(markOf(workstation, digest), `${file}\n`, { mode: 0o600 });
}

/**
 * Tells where the syncs of a file go, in any of its versions: who has agreed to one of them has agreed to that context and
 * namespace.
 */
function targetDigest({ file, context, namespace }: NamedTarget): string {
  return createHash('sha256')
    .update(JSON.stringify([file, context ?? '', namespace ?? '']))
    .digest('hex');
}

/** Whether `up` was run here for what a file names. */
export const isConfirmedTarget = (workstation: Workstation, target: NamedTarget): boolean =>
  isConfirmed(workstation, targetDigest(target));

export const rememberTarget = (workstation: Workstation, config: Config): void =>
  rememberConfirmed(workstation, targetDigest(config), config);

/** Whether `up` was run here with a file, in any of its versions and with whatever target. */
export function isKnownFile({ folder }: Workstation, file: string): boolean {
  const marks = join(folder, 'confirmed');
  if (!existsSync(marks)) return false;
  return readdirSync(marks).some((mark) => readFileSync(join(marks, mark), 'utf8') === `${file}\n`);
}

/** What a person is shown before anything happens, line by line. */
export function explainConfig({ file, syncs }: Config, { cluster, namespace }: ConfigTarget): string[] {
  const where = `namespace ${namespace} of ${cluster.server} (context ${cluster.context})`;
  return [
    inFull(`${file} syncs with ${where}:`),
    ...syncs.flatMap(({ name, spec }) => explainSync(name, spec).map((line) => `  ${line}`)),
  ];
}
