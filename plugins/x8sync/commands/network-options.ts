/** Flags on how the target gets at the source. */
import { option } from '../../../src/cli/options.ts';
import {
  parseAnnotations,
  parseSourceHost,
  parseSourceRanges,
  type ServiceOptions,
} from '../connect/service-options.ts';

export const sourceRangeOption = () =>
  option.list('--source-range', {
    value: 'CIDR',
    description: 'Who may come in by a load balancer: the addresses that the target dials from.',
  });

export const serviceAnnotationOption = () =>
  option.repeated('--service-annotation', {
    value: 'KEY=VALUE',
    description: "Annotation of the load balancer's Service; stands above those that make it internal.",
  });

export const publicOption = () =>
  option.flag('--public-load-balancer', {
    description:
      'Let a load balancer have a public address; it is an internal one where the provider is known.',
  });

export const nodePortOption = () =>
  option.integer('--node-port', { min: 1, max: 65_535, description: 'The node port, instead of any.' });

export const sourceHostOption = () =>
  option.text('--source-host', {
    value: 'HOST[:PORT]',
    description: 'Where the target finds the node port or load balancer, behind NAT or a bastion.',
  });

/** As the command has these flags. */
export interface NetworkFlags {
  readonly sourceRange: readonly string[];
  readonly serviceAnnotation: readonly string[];
  readonly publicLoadBalancer: boolean;
  readonly nodePort: number | undefined;
  readonly sourceHost: string | undefined;
}

/** @throws UsageError where one of them is not what it stands for. */
export function serviceOptionsOf(flags: NetworkFlags): ServiceOptions {
  const { sourceRange, serviceAnnotation, publicLoadBalancer: isPublic, nodePort, sourceHost } = flags;
  return {
    sourceRanges: parseSourceRanges(sourceRange, '--source-range'),
    annotations: parseAnnotations(serviceAnnotation, '--service-annotation'),
    nodePort,
    host: sourceHost === undefined ? undefined : parseSourceHost(sourceHost, '--source-host'),
    isPublic,
  };
}
