/** Options of one copy in a list: named as the flags are, without dashes in front, and each of its own type. */
import { UsageError } from '../../../../src/errors.ts';
import type { ListedCopy } from '../../batch/list-file.ts';
import { strategyNames } from '../../connect/strategy-names.ts';
import { compressions } from '../../mover/protocol/compression.ts';
import type { BatchFlags } from './batch-flags.ts';

type Reader = (value: unknown) => unknown;

/** Undefined stands for a value of another type. */
const flag: Reader = (value) => (typeof value === 'boolean' ? value : undefined);
const text: Reader = (value) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
const texts: Reader = (value) => {
  const all = (Array.isArray(value) ? value : [value]).map(text);
  return all.includes(undefined) ? undefined : all;
};
/** `KEY=VALUE`, one or several, or a map. */
const pairs: Reader = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return texts(value);
  const all = Object.entries(value).map(([key, one]) => [key, text(one)] as const);
  return all.every(([, one]) => one !== undefined) ? all.map(([key, one]) => `${key}=${one}`) : undefined;
};
const integer: Reader = (value) => (Number.isSafeInteger(value) && Number(value) > 0 ? value : undefined);
const oneOf =
  (words: readonly string[]): Reader =>
  (value) =>
    words.includes(String(value)) ? value : undefined;
const someOf =
  (words: readonly string[]): Reader =>
  (value) => {
    const all = texts(value) as string[] | undefined;
    return all?.every((word) => words.includes(word)) ? all : undefined;
  };

/** By the flag's name: the field of the command, and how its value is read. */
export const listedOptions: Readonly<Record<string, readonly [field: keyof BatchFlags, read: Reader]>> = {
  name: ['name', text],
  force: ['force', flag],
  checksum: ['checksum', flag],
  verify: ['verify', flag],
  delete: ['delete', flag],
  'allow-empty': ['allowEmpty', flag],
  chown: ['owner', text],
  snapshot: ['snapshot', flag],
  'snapshot-class': ['snapshotClass', text],
  clone: ['clone', flag],
  'source-path': ['sourcePath', text],
  'target-path': ['targetPath', text],
  exclude: ['exclude', texts],
  include: ['include', texts],
  'exclude-from': ['excludeFrom', texts],
  'on-collision': ['onCollision', oneOf(['refuse', 'skip'])],
  'allow-mounted': ['allowMounted', flag],
  'trusted-xattrs': ['trustedXattrs', flag],
  'run-as': ['runAs', text],
  'fs-group': ['fsGroup', text],
  strategy: ['strategies', someOf(strategyNames)],
  push: ['push', flag],
  'source-range': ['sourceRange', texts],
  'service-annotation': ['serviceAnnotation', pairs],
  'public-load-balancer': ['publicLoadBalancer', flag],
  'node-port': ['nodePort', integer],
  'source-host': ['sourceHost', text],
  'target-host': ['targetHost', text],
  image: ['image', text],
  'image-pull-secret': ['imagePullSecret', texts],
  'service-account': ['serviceAccount', text],
  cpu: ['cpu', text],
  memory: ['memory', text],
  'node-selector': ['nodeSelector', pairs],
  toleration: ['toleration', texts],
  'priority-class': ['priorityClass', text],
  'pod-label': ['podLabel', pairs],
  'pod-annotation': ['podAnnotation', pairs],
  'pod-patch': ['podPatch', texts],
  bwlimit: ['bandwidth', text],
  compress: ['compress', oneOf(['auto', ...compressions])],
  parallelism: ['parallelism', text],
  pods: ['pods', text],
  partitions: ['partitions', text],
  'partition-files': ['partitionFiles', integer],
  'partition-size': ['partitionSize', text],
  'rsync-arg': ['rsyncArg', texts],
  'fpart-arg': ['fpartArg', texts],
  again: ['again', flag],
  'create-target': ['createTarget', flag],
  'grow-target': ['growTarget', flag],
  'storage-class': ['storageClass', text],
  size: ['size', text],
  'access-mode': ['accessMode', texts],
};

/** `sourcePath` is `source-path`. */
const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The command's flags, with those of this copy in their place. @throws UsageError where one is unknown, or of another type. */
export function withListedOptions(flags: BatchFlags, { options, where }: ListedCopy): BatchFlags {
  const given = new Set<string>();
  const own = Object.entries(options).map(([name, value]): [string, unknown] => {
    if (given.size === given.add(dashed(name)).size)
      throw new UsageError(`${where}: ${JSON.stringify(name)} is given twice`);
    const [field, read] = Object.hasOwn(listedOptions, dashed(name))
      ? (listedOptions[dashed(name)] ?? [])
      : [];
    if (field === undefined || !read)
      throw new UsageError(`${where}: ${JSON.stringify(name)} is no option of a copy`, {
        hint: `there are ${Object.keys(listedOptions).join(', ')}`,
      });
    const own = read(value);
    if (own === undefined)
      throw new UsageError(`${where}: ${name}: ${JSON.stringify(value)} is not a value of it`);
    return [field, own];
  });
  return { ...plain(flags), ...Object.fromEntries(own) } as BatchFlags;
}

/** The fields alone: a command has more that no copy is asked by. */
function plain(flags: BatchFlags): Partial<BatchFlags> {
  return Object.fromEntries(Object.entries(flags)) as Partial<BatchFlags>;
}
