/** Which two clusters the tests run on: the lab's, or any two that a person already has. */
import { labKubeconfigPath } from '../../lab/index.ts';

/** Kubeconfig of both clusters. */
export const kubeconfig = process.env.X8S_KUBECONFIG ?? labKubeconfigPath();
/** Context of the cluster that is copied from. */
export const contextA = process.env.X8S_CONTEXT_A ?? 'lab-a';
/** Context of the cluster that is copied to. */
export const contextB = process.env.X8S_CONTEXT_B ?? 'lab-b';
/** True where the clusters are the lab's, so that its levers and volumes are at hand. */
export const isLab = kubeconfig === labKubeconfigPath();
