/** Names of the ways by which a target may reach a source; ways.ts says what they do. */
export const wayNames = ['clusterip', 'nodeport', 'loadbalancer'] as const;
export type WayName = (typeof wayNames)[number];
