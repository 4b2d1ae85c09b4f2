/** Names of the strategies by which a target may reach a source; strategies.ts says what they do. */
export const strategyNames = ['clusterip', 'nodeport', 'loadbalancer'] as const;
export type StrategyName = (typeof strategyNames)[number];
