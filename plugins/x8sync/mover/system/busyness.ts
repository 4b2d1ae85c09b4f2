/** How much a node's processors have to do. */
import { cpus, loadavg } from 'node:os';

/** Processes that each processor of the node has to run at a time, over the last minute; 1 is busy all the time. */
export function busyness(): number {
  const [load = 0] = loadavg();
  return Math.round((load / Math.max(1, cpus().length)) * 10) / 10;
}
