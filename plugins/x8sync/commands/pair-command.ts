/** What the commands share that make pods for two claims: how these reach each other, and what they are made of. */
import { networkFlags } from './options/network-options.ts';
import { imageOption, runAsOption, strategyOption } from './options/pair-options.ts';
import { podFlags } from './options/pod-flags.ts';
import { TaskCommand } from './task-command.ts';

export abstract class PairCommand extends TaskCommand {
  strategies = strategyOption();
  push = networkFlags.push();
  sourceRange = networkFlags.sourceRange();
  serviceAnnotation = networkFlags.serviceAnnotation();
  publicLoadBalancer = networkFlags.publicLoadBalancer();
  nodePort = networkFlags.nodePort();
  sourceHost = networkFlags.sourceHost();
  targetHost = networkFlags.targetHost();
  runAs = runAsOption();
  image = imageOption();
  imagePullSecret = podFlags.imagePullSecret();
  serviceAccount = podFlags.serviceAccount();
  cpu = podFlags.cpu();
  memory = podFlags.memory();
  nodeSelector = podFlags.nodeSelector();
  toleration = podFlags.toleration();
  priorityClass = podFlags.priorityClass();
  podLabel = podFlags.podLabel();
  podAnnotation = podFlags.podAnnotation();
  podPatch = podFlags.podPatch();
}
