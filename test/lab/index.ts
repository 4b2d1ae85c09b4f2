/** The lab as tests and the demo use it. */
import { kubeconfigPath } from './config.ts';
import { locked } from './lock.ts';
import { bringThirdUp } from './third.ts';
import { bringLabUp } from './up.ts';

export { imageNames } from './images/definitions.ts';
export { runInClaim } from './levers/claims.ts';
export {
  freezeComponent,
  killComponent,
  reconnect,
  restartComponent,
  startComponent,
  stopComponent,
  thawComponent,
} from './levers/components.ts';
export { compactEtcd, emptyEtcd, expireWatches, restoreEtcd, snapshotEtcd } from './levers/etcd.ts';
export { cutLink, type Link, linkState, restoreLink, setLink } from './levers/link.ts';
export {
  type ClaimRef,
  drainNode,
  fillClaim,
  pathOfClaim,
  uncordonNode,
  unfillClaim,
} from './levers/nodes.ts';
export { cutPods, joinPods } from './levers/pods.ts';
export { LabWorkstation, type Line } from './levers/workstation.ts';
export { takeThirdDown } from './third.ts';
export { isUp, kubectlPath } from './up.ts';

/** Where the kubeconfig with the contexts lab-a and lab-b is, whether the lab is up or not. */
export const labKubeconfigPath = (): string => kubeconfigPath;

/** Brings the lab up where it is down or damaged, and loads this checkout's images; quick where all is well. */
export const ensureUp = (): Promise<void> => locked(bringLabUp);

/** Brings up the third API server too: context lab-c, without nodes. */
export const ensureThird = (): Promise<void> => locked(bringThirdUp);
