/** Names of the strategies: how the target's pod gets at the source's files. */
export const strategyNames = ['mount', 'clusterip', 'nodeport', 'loadbalancer', 'relay'] as const;
export type StrategyName = (typeof strategyNames)[number];
