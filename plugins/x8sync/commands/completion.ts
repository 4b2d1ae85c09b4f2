/** What the shell offers while a command line is typed. */
import { objectPaths, resourceNames } from '../../../src/cli/providers.ts';
import { configMaps, persistentVolumeClaims } from '../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../src/tasks/names.ts';
import { tool } from '../objects/sides.ts';

/** `context/`, then `context/namespace/`, then `context/namespace/claim`. */
export const completeClaim = objectPaths(persistentVolumeClaims);

/** Names of the tasks in the cluster that the command line chooses. */
export const completeTask = resourceNames(configMaps, {
  labelSelector: `${Label.managedBy}=${managerOf(tool)}`,
  nameOf: ({ metadata }) => metadata.labels?.[Label.task],
});
