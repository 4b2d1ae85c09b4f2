/** A pod whose user may not write everywhere, and what is said of that. */
import { images, nodeForever, type Workplace } from './devsync.ts';

/** Said of a directory of root. */
export const notTheirs = (path: string) =>
  new RegExp(
    `REMOTE ${path} cannot be written to .*: ${path} belongs to 0:0 \\(mode 0755\\), and the agent runs as 65532:`,
  );
/** Said of what is mounted read-only. */
export const readOnly =
  /REMOTE \/fixed is on a read-only file system: what is mounted at \/fixed \(\w+\) is mounted read-only/;
/** Only the image knows its user: without being told, a first attempt as root is in vain, and leaves a container behind. */
export const asImagesUser = ['--run-as', '65532:65532'];
/** Launchers that get there, each with its options. */
export const places = [
  ['exec', []],
  ['ephemeral', asImagesUser],
] as const;

/** Makes the pod `users`, with a volume that can be written and one that can not. */
export async function podOfAUser(it: Workplace): Promise<void> {
  const volumeMounts = [
    { name: 'data', mountPath: '/data' },
    { name: 'data', mountPath: '/fixed', readOnly: true },
  ];
  await it.pod('users', {
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: [{ name: 'app', image: images.node, command: nodeForever, volumeMounts }],
  });
}
