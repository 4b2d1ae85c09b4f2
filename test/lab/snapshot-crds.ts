/** The resource definitions of VolumeSnapshots, as external-snapshotter has them: a Go module, of a known checksum. */
import { join } from 'node:path';
import { goCommand } from './binaries.ts';
import { run } from './shell.ts';

const module = 'github.com/kubernetes-csi/external-snapshotter/client/v8';
const kinds = ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'];

/** Paths of their manifests. */
export async function snapshotDefinitions(): Promise<string[]> {
  const cwd = join(import.meta.dirname, 'go', 'snapshotter');
  const env = { ...process.env, GOTOOLCHAIN: 'auto', GOFLAGS: '' };
  const { Dir } = JSON.parse(
    await run(await goCommand(), ['mod', 'download', '-json', module], { cwd, env }),
  ) as { Dir: string };
  return kinds.map((kind) => join(Dir, 'config', 'crd', `snapshot.storage.k8s.io_${kind}.yaml`));
}
