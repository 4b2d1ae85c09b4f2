/** Where a mover finds and leaves things. Tests put all of it below a folder of their own. */
import { join } from 'node:path';

export interface Paths {
  /** The source's volume, or the folder of it that is copied. */
  readonly source: string;
  readonly isWholeSource: boolean;
  /** The target's volume, or the folder of it that is copied to. */
  readonly target: string;
  readonly isWholeTarget: boolean;
  /** Likewise where the volumes are block devices. */
  readonly sourceDevice: string;
  readonly targetDevice: string;
  /** The mover's own folder in the target's volume. */
  readonly staging: string;
  /** Mounted Secret with the keys of this side. */
  readonly keys: string;
  /** What the source's side keeps while its pod lives, a restart of the container included. */
  readonly serve: string;
  /** What one run of the copy keeps. */
  readonly work: string;
  /** What a side keeps for a tunnel between the pods. */
  readonly tunnel: string;
  /** Addresses that the plugin delivered after the pod was made. */
  readonly addresses: string;
  /** What is written there ends up in the pod's status. */
  readonly terminationLog: string;
  /** The command that answers a client's query, as words for a shell. */
  readonly queryHandler: string;
}

/** Name of the staging folder in the target's root. */
export const stagingName = '.x8sync';

/** Within it, what the mover and workers have to do with each other; and what that is called while it is removed. */
export const workName = 'work';
export const overName = 'work-over';

/** Where a pod of a side finds a block device. */
export const devicePathOf = (side: 'source' | 'target'): string => `/dev/x8s-${side}`;

/**
 * @param root is put before every path; empty in a pod.
 * @param program starts this program, its subcommand to follow.
 */
export function pathsBelow(root: string, program: readonly string[]): Paths {
  const at = (path: string) => (root === '' ? path : join(root, path));
  const setting = root === '' ? [] : ['env', `X8S_ROOT=${root}`];
  return {
    source: at('/source'),
    isWholeSource: true,
    target: at('/target'),
    isWholeTarget: true,
    sourceDevice: at(devicePathOf('source')),
    targetDevice: at(devicePathOf('target')),
    staging: at(`/target/${stagingName}`),
    keys: at('/etc/x8s/keys'),
    serve: at('/run/x8s/serve'),
    work: at('/run/x8s/copy'),
    tunnel: at('/run/x8s/tunnel'),
    addresses: at('/run/x8s/addresses'),
    terminationLog: at('/dev/termination-log'),
    queryHandler: [...setting, ...program, 'answer'].join(' '),
  };
}
