/** Brings the syncs of a configuration file into the cluster, and takes them away again. */
import { RefusedError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { compareSpecs, differences } from '../config/compare.ts';
import type { Config, ConfiguredSync } from '../config/parse-config.ts';
import type { SpecStore, Sync } from '../spec/spec-store.ts';
import type { Registered, Workstation } from '../spec/workstation.ts';
import { stopAt } from './stop-watches.ts';

export interface UpContext {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly specs: SpecStore;
  readonly workstation: Workstation;
  readonly config: Config;
  readonly signal: AbortSignal;
  readonly onLog: (line: string) => void;
}

/** Makes one sync what the file says. Rejects with a RefusedError where it belongs to somebody else. */
export async function bringUp(wanted: ConfiguredSync, context: UpContext): Promise<Sync> {
  const { specs, namespace, signal, onLog, config } = context;
  const { name, spec } = wanted;
  const known = await findSync(name, context);
  if (known === undefined) {
    const sync = await specs.create({
      name,
      namespace,
      spec,
      allowOverlap: false,
      file: config.file,
      signal,
    });
    onLog(`${name}: made`);
    return sync;
  }
  const comparison = compareSpecs(known.spec, spec);
  if (comparison === 'foreign') throw foreign(known);
  if (comparison === 'same') {
    specs.noteFile(known, config.file);
    return known;
  }
  await endSync(known.uid, context);
  onLog(`${name}: changed: ${differences(known.spec, spec).join('; ')}`);
  if (comparison === 'revise') return await specs.revise(known, spec, signal, config.file);
  onLog(`${name}: begins as a first sync, since it is about other files now`);
  return await specs.replace(known, spec, signal, config.file);
}

async function findSync(name: string, { specs, namespace, signal }: UpContext): Promise<Sync | undefined> {
  return (await specs.has(namespace, name, signal)) ? await specs.get(namespace, name, signal) : undefined;
}

function foreign({ name, spec: { local } }: Sync): RefusedError {
  return new RefusedError(`the sync ${name} belongs to ${local.path} of ${local.who}`, {
    details: ['Two directories cannot be the same as one container each by itself.'],
    hint: `Use a namespace of your own (-n), or delete it: kubectl devsync delete ${name}. kubectl devsync watch ${name} --take-over LOCAL gives it to a directory here.`,
  });
}

/** Ends a sync where it runs on this workstation; resolves when it has let go of both sides. */
export async function endSync(
  uid: string,
  { workstation, signal }: Pick<UpContext, 'workstation' | 'signal'>,
): Promise<void> {
  await stopAt(workstation.socketOf(uid), { signal });
}

/** What was made from a file on this workstation, in this cluster and namespace, whatever the file says by now. */
export function madeFrom({
  workstation,
  config,
  kube,
  namespace,
}: Omit<UpContext, 'signal' | 'onLog'>): Registered[] {
  const isOurs = ({ file, server, namespace: where }: Registered) =>
    file === config.file && server === kube.cluster.server && where === namespace;
  return workstation.registered().filter(isOurs);
}

/** Ends the `up` of a file where it runs on this workstation. Resolves with whether there was one. */
export const endUp = ({ workstation, kube, config, signal }: Omit<UpContext, 'onLog'>): Promise<boolean> =>
  stopAt(workstation.watchSocket(kube.cluster.server, config.file), { signal });
