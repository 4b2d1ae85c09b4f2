/** Flags on the pods of both sides. */
import { readFileSync } from 'node:fs';
import { option } from '../../../../src/cli/options.ts';
import { messageOf, UsageError } from '../../../../src/errors.ts';
import { unreadableFile } from '../../../../src/given-file.ts';
import { parseMilliQuantity } from '../../../../src/kube/api/quantity.ts';
import type { Amount, PodOptions, PodPatch, Toleration } from '../../objects/manifests/pod-options.ts';

const group = 'Pod options';

export const podFlags = {
  imagePullSecret: () =>
    option.list('--image-pull-secret', {
      group,
      value: 'NAME',
      description: 'Secret to pull the image with.',
    }),
  serviceAccount: () =>
    option.text('--service-account', {
      group,
      value: 'NAME',
      description: 'Service account of the pods; its token is not mounted.',
    }),
  cpu: () =>
    option.text('--cpu', {
      group,
      value: 'REQUEST[:LIMIT]',
      description: 'CPU that each pod asks for, and the most that it gets. Default: 10m, no limit.',
    }),
  memory: () =>
    option.text('--memory', {
      group,
      value: 'REQUEST[:LIMIT]',
      description: 'Memory that each pod asks for, and the most that it gets. Default: 64Mi, no limit.',
    }),
  nodeSelector: () =>
    option.list('--node-selector', { group, value: 'KEY=VALUE', description: 'Label of nodes to run on.' }),
  toleration: () =>
    option.list('--toleration', {
      group,
      value: 'KEY[=VALUE][:EFFECT]',
      description: 'Taint of nodes that the pods may run on all the same.',
    }),
  priorityClass: () =>
    option.text('--priority-class', { group, value: 'NAME', description: 'Priority class of the pods.' }),
  podLabel: () =>
    option.repeated('--pod-label', { group, value: 'KEY=VALUE', description: 'Label of the pods.' }),
  podAnnotation: () =>
    option.repeated('--pod-annotation', {
      group,
      value: 'KEY=VALUE',
      description: 'Annotation of the pods.',
    }),
  podPatch: () =>
    option.repeated('--pod-patch', {
      group,
      value: '[SIDE=]FILE',
      description: 'Strategic merge patch of the pod template, of both sides or of source or target.',
    }),
};

/** As a command has these flags. */
export interface PodFlags {
  readonly imagePullSecret: readonly string[];
  readonly serviceAccount: string | undefined;
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
  readonly nodeSelector: readonly string[];
  readonly toleration: readonly string[];
  readonly priorityClass: string | undefined;
  readonly podLabel: readonly string[];
  readonly podAnnotation: readonly string[];
  readonly podPatch: readonly string[];
}

/** @throws UsageError where one of them is not what it stands for, or a file can't be read. */
export async function podOptionsOf(flags: PodFlags): Promise<PodOptions> {
  return {
    imagePullSecrets: flags.imagePullSecret,
    serviceAccount: flags.serviceAccount,
    cpu: amountOf(flags.cpu, '--cpu'),
    memory: amountOf(flags.memory, '--memory'),
    nodeSelector: pairsOf(flags.nodeSelector, '--node-selector'),
    tolerations: flags.toleration.map(parseToleration),
    priorityClass: flags.priorityClass,
    labels: pairsOf(flags.podLabel, '--pod-label'),
    annotations: pairsOf(flags.podAnnotation, '--pod-annotation'),
    patches: await Promise.all(flags.podPatch.map(readPatch)),
  };
}

/** Reads `REQUEST`, `REQUEST:LIMIT` or `:LIMIT`. */
function amountOf(text: string | undefined, flag: string): Amount | undefined {
  if (text === undefined) return undefined;
  const [request, limit, ...rest] = text.split(':').map((part) => (part === '' ? undefined : part));
  const parts = [request, limit].filter((part) => part !== undefined);
  if (rest.length > 0 || parts.length === 0 || !parts.every(isAmount))
    throw new UsageError(`${flag}: ${JSON.stringify(text)} is not REQUEST or REQUEST:LIMIT`, {
      hint: flag === '--cpu' ? 'for example 100m or 100m:2' : 'for example 128Mi or 128Mi:1Gi',
    });
  return { request, limit };
}

function isAmount(text: string): boolean {
  try {
    return parseMilliQuantity(text) > 0n;
  } catch {
    return false;
  }
}

function pairsOf(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
      if (key === undefined || value === undefined)
        throw new UsageError(`${flag}: ${JSON.stringify(text)} is not KEY=VALUE`);
      return [key, value];
    }),
  );
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Reads `key`, `key=value`, `key:NoSchedule` or `key=value:NoSchedule`, as `kubectl taint` writes them. */
export function parseToleration(text: string): Toleration {
  const [, key, value, effect] = /^([^=:\s]+)(?:=([^:]*))?(?::(\w+))?$/.exec(text) ?? [];
  if (key === undefined || (effect !== undefined && !effects.includes(effect)))
    throw new UsageError(`--toleration: ${JSON.stringify(text)} is not KEY[=VALUE][:EFFECT]`, {
      hint: `for example dedicated=db:NoSchedule; effects are ${effects.join(', ')}`,
    });
  const which =
    value === undefined ? ({ operator: 'Exists' } as const) : ({ operator: 'Equal', value } as const);
  return { key, ...which, ...(effect !== undefined && { effect }) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadableFile('--pod-patch', file, error);
  }
}

/** Reads `FILE`, `source=FILE` or `target=FILE`: YAML or JSON of a pod template, `metadata` and `spec`. */
async function readPatch(text: string): Promise<PodPatch> {
  const [, side, from = ''] = /^(?:(source|target)=)?(.+)$/s.exec(text) ?? [];
  const { parse } = await import('yaml');
  const written = readText(from);
  let patch: unknown;
  try {
    patch = parse(written);
  } catch (error) {
    throw new UsageError(`--pod-patch: ${from}: ${messageOf(error)}`);
  }
  const keys = typeof patch === 'object' && patch !== null ? Object.keys(patch) : ['?'];
  const unknown = keys.filter((key) => !['metadata', 'spec'].includes(key));
  if (unknown.length > 0 || keys.length === 0)
    throw new UsageError(`--pod-patch: ${from} is no patch of a pod template`, {
      hint: 'it has metadata, spec, or both, for example: {spec: {hostAliases: [{ip: 192.0.2.1, hostnames: [nat]}]}}',
    });
  return { side: side as PodPatch['side'], from, patch: patch as PodPatch['patch'] };
}
