/** Names of the ways by which a target may reach a source; ways.ts says what they do. */
export const strategyNames = ['clusterip', 'nodeport', 'loadbalancer'] as const;
export type StrategyName = (typeof strategyNames)[number];
