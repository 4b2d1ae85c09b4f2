/** The kinds of containers that devsync is made for, for the tests of every way into them. */
import { forever, images, nodeForever } from './devsync.ts';

const volume = { volumes: [{ name: 'data', emptyDir: {} }] };
const mount = { volumeMounts: [{ name: 'data', mountPath: '/work' }] };

/** What the level `restricted` allows. */
export const restricted = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The container that is synced with. */
export const app = (image: string, command: string[] | undefined, more: object = {}) => ({
  name: 'app',
  image,
  ...(command && { command }),
  ...more,
});

export interface Kind {
  readonly name: string;
  readonly spec: object;
  /** The way that is chosen where none is named. */
  readonly launcher: 'exec' | 'ephemeral';
  readonly create?: readonly string[];
  /** Where that is not /work by this name. */
  readonly remote?: string;
}

/** Becomes another user as programs do that drop their rights: what the pod says is not who it is. */
const dropsRights = [
  'sh',
  '-c',
  `mkdir /work; chown 1000:1000 /work; exec perl -e '$) = "1000 1000"; $( = 1000; $< = $> = 1000; exec qw(sleep infinity)'`,
];
/** One volume in another one. */
const mounted = { volumeMounts: [...mount.volumeMounts, { name: 'inner', mountPath: '/work/inner' }] };

/** With nothing writable but a volume, where the level `restricted` holds. */
export const strict: Kind = {
  name: 'strict',
  spec: {
    containers: [app(images.plain, forever, { ...mount, securityContext: restricted })],
    ...volume,
  },
  launcher: 'ephemeral',
};

/** One static program and nothing else. */
export const still: Kind = {
  name: 'still',
  spec: { containers: [app(images.still, undefined)] },
  launcher: 'ephemeral',
  create: ['--make-remote'],
};

export const kinds: readonly Kind[] = [
  {
    name: 'plain',
    spec: {
      containers: [app(images.plain, ['sh', '-c', 'mkdir /work; ln -s /work /linked; exec sleep infinity'])],
    },
    launcher: 'ephemeral',
    remote: '/linked',
  },
  {
    // Where nothing can be written but what is synced.
    name: 'with-node',
    spec: {
      containers: [
        app(images.node, nodeForever, { ...mount, securityContext: { readOnlyRootFilesystem: true } }),
      ],
      ...volume,
    },
    launcher: 'exec',
  },
  {
    name: 'non-root',
    spec: {
      containers: [app(images.plain, forever, { ...mount, securityContext: { runAsUser: 1000 } })],
      ...volume,
    },
    launcher: 'ephemeral',
  },
  {
    name: 'volume',
    spec: {
      containers: [app(images.plain, forever, mounted)],
      volumes: [...volume.volumes, { name: 'inner', emptyDir: {} }],
    },
    launcher: 'ephemeral',
  },
  {
    name: 'two-containers',
    spec: { containers: [{ name: 'side', image: images.still }, app(images.plain, forever)] },
    launcher: 'ephemeral',
    create: ['--container', 'app'],
  },
  {
    name: 'shared-pids',
    spec: { shareProcessNamespace: true, containers: [app(images.plain, dropsRights)] },
    launcher: 'ephemeral',
  },
];

const isUsual = ({ name }: Kind) => ['plain', 'non-root', 'volume'].includes(name);
/** Those that most people have, and the others. */
export const [usualKinds, otherKinds] = [kinds.filter(isUsual), kinds.filter((kind) => !isUsual(kind))];

/** Brings a Node.js into a container that has none: the one of our image, with its libraries. */
const bringNode = `const { sharedObjects } = process.report.getReport();
  const libraries = sharedObjects.filter((one) => /(stdc\\+\\+|gcc_s|atomic)/.test(one));
  for (const one of [process.execPath, ...libraries]) fs.copyFileSync(one, '/tools/' + path.basename(one));`;

interface WithNode {
  readonly command?: string[];
  readonly mounts?: readonly object[];
  readonly volumes?: readonly object[];
}

/** A pod that has a shell and a Node.js of its own, so that every launcher works there. */
export function withNode({ command = forever, mounts = [], volumes = [] }: WithNode) {
  const tools = { name: 'tools', mountPath: '/tools' };
  const env = [
    { name: 'PATH', value: '/tools:/usr/local/bin:/usr/bin:/bin' },
    { name: 'LD_LIBRARY_PATH', value: '/tools' },
  ];
  return {
    initContainers: [
      { name: 'node', image: images.node, command: ['node', '-e', bringNode], volumeMounts: [tools] },
    ],
    containers: [app(images.plain, command, { env, volumeMounts: [...mounts, tools] })],
    securityContext: { runAsUser: 0 },
    volumes: [...volumes, { name: 'tools', emptyDir: {} }],
  };
}
