/** Flags on how the target gets at the source, or the source at the target. */
import { option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import {
  parseAnnotations,
  parseHost,
  parseSourceRanges,
  type ServiceOptions,
} from '../../connect/service-options.ts';
import type { StrategyName } from '../../connect/strategy-names.ts';
import type { ReachWish } from '../../run/request/reach-wish.ts';

export const pushOption = () =>
  option.flag('--push', {
    description: 'The source dials the target: for one that can dial out and not be reached.',
  });

export const networkFlags = {
  push: pushOption,
  sourceRange: () =>
    option.list('--source-range', {
      value: 'CIDR',
      description:
        'Who may come in by a load balancer: the addresses that the other side dials from. Asks for one.',
    }),
  serviceAnnotation: () =>
    option.repeated('--service-annotation', {
      value: 'KEY=VALUE',
      description:
        "Annotation of the load balancer's Service; stands above those that make it internal. Asks for one.",
    }),
  publicLoadBalancer: () =>
    option.flag('--public-load-balancer', {
      description:
        'Ask for a load balancer that may have a public address; else it is internal where the provider is known, and not tried unasked elsewhere.',
    }),
  nodePort: () =>
    option.integer('--node-port', { min: 1, max: 65_535, description: 'The node port, instead of any.' }),
  sourceHost: () =>
    option.text('--source-host', {
      value: 'HOST[:PORT]',
      description: 'Where the target finds the node port or load balancer, behind NAT or a bastion.',
    }),
  targetHost: () =>
    option.text('--target-host', {
      value: 'HOST[:PORT]',
      description: 'With --push: where the source finds the node port or load balancer.',
    }),
};

/** As the command has these flags. */
export interface NetworkFlags {
  readonly push: boolean;
  readonly strategies: readonly StrategyName[];
  readonly sourceRange: readonly string[];
  readonly serviceAnnotation: readonly string[];
  readonly publicLoadBalancer: boolean;
  readonly nodePort: number | undefined;
  readonly sourceHost: string | undefined;
  readonly targetHost: string | undefined;
}

/** Whether a person has said anything of how the two sides are to reach each other. */
export const isReachGiven = (flags: NetworkFlags): boolean =>
  flags.push ||
  flags.publicLoadBalancer ||
  [flags.strategies, flags.sourceRange, flags.serviceAnnotation].some((list) => list.length > 0) ||
  [flags.nodePort, flags.sourceHost, flags.targetHost].some((one) => one !== undefined);

/** The flags that say the same. */
export function reachFlags({ push = false, strategies, service = {} }: ReachWish): string[] {
  const { sourceRanges = [], annotations = {}, nodePort, host, isPublic = false } = service;
  const name = host && (host.host.includes(':') ? `[${host.host}]` : host.host);
  return [
    ...(push ? ['--push'] : []),
    ...(strategies.length > 0 ? [`--strategy ${strategies.join(',')}`] : []),
    ...sourceRanges.map((range) => `--source-range ${range}`),
    ...Object.entries(annotations).map(([key, value]) => `--service-annotation ${key}=${value}`),
    ...(isPublic ? ['--public-load-balancer'] : []),
    ...(nodePort === undefined ? [] : [`--node-port ${nodePort}`]),
    ...(host
      ? [`--${push ? 'target' : 'source'}-host ${name}${host.port === undefined ? '' : `:${host.port}`}`]
      : []),
  ];
}

/** @throws UsageError where one of them is not what it stands for, or stands for the other direction. */
export function serviceOptionsOf(flags: NetworkFlags): ServiceOptions {
  const { sourceRange, serviceAnnotation, publicLoadBalancer: isPublic, nodePort } = flags;
  checkDirection(flags);
  return {
    sourceRanges: parseSourceRanges(sourceRange, '--source-range'),
    annotations: parseAnnotations(serviceAnnotation, '--service-annotation'),
    nodePort,
    host: hostOf(flags),
    isPublic,
  };
}

function hostOf({ sourceHost, targetHost }: NetworkFlags): ServiceOptions['host'] {
  if (sourceHost !== undefined) return parseHost(sourceHost, '--source-host');
  return targetHost === undefined ? undefined : parseHost(targetHost, '--target-host');
}

/** @throws UsageError where a flag is for the other direction. */
export function checkDirection({
  push,
  strategies,
  sourceHost,
  targetHost,
}: Pick<NetworkFlags, 'push' | 'strategies' | 'sourceHost' | 'targetHost'>): void {
  if (push && sourceHost !== undefined)
    throw new UsageError('with --push the target is dialled, and not the source', {
      hint: '--target-host is where the source finds it',
    });
  if (!push && targetHost !== undefined)
    throw new UsageError('--target-host goes with --push: without it the source is dialled', {
      hint: '--source-host is where the target finds it',
    });
  if (push && strategies.includes('relay'))
    throw new UsageError('--push does not go with a relay, for which neither side dials the other', {
      hint: '--push turns clusterip, nodeport and loadbalancer round',
    });
}
