/** What the source's and the target's pod have in common: volumes, placement, containers. */
import { imageReference } from '../../../../src/images.ts';
import type { PodSpec } from '../../../../src/kube/api/objects.ts';
import { gatePodVariable } from '../../mover/gate/options.ts';
import { devicePathOf } from '../../mover/system/paths.ts';
import { type Identity, passwdFor } from './identity.ts';
import { type PodOptions, resourcesOf, specOptions, withPodOptions } from './pod-options.ts';
import type { PodTemplate } from './pod-patch.ts';
import { podSecurity, type SecurityPlan, securityContext } from './pod-security.ts';

/** The image of both pods, for this version of the plugin. */
export const moverImage = (version: string): string => imageReference('mover', version);

/** What a pod of that image runs. */
export function moverCommand(...args: readonly string[]): string[] {
  return ['/usr/local/bin/x8s-mover', ...args];
}

/** The key of both Secrets under which a list of users is. */
export const passwdKey = 'passwd';

/** Where a pod must run: on the one node that a claim is mounted on. */
export interface Placement {
  readonly node?: string | undefined;
}

/** What is wanted of a pod, whatever the copy. */
export interface PodWishes {
  readonly image: string;
  /** Who it runs as where it is no root. */
  readonly identity: Identity;
  /** What a person wants of it beyond what a copy needs. */
  readonly options?: PodOptions | undefined;
  /** The namespace admits no pod without limits of CPU and memory. */
  readonly isLimited?: boolean | undefined;
}

/** What the pods of a task are made of. */
export interface PodPlan extends Placement, PodWishes, SecurityPlan {
  readonly claim: string;
  /** The claim is a block device, and so is the source's where that is mounted too. */
  readonly isDevice?: boolean | undefined;
  /** Mounts the claim read-only. */
  readonly readOnly: boolean;
  /** The source claim, where the target's pod mounts it too, read-only. */
  readonly mountedSource?: string | undefined;
  /** Name of the Secret with this side's keys; none where no network is used. */
  readonly secret?: string | undefined;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Its pod stands where no workstation looks: a node that is drained is to be rid of it. */
  readonly isScheduled?: boolean | undefined;
  /** What runs before the mover, and may keep it from beginning. */
  readonly gate?: Gate | undefined;
}

/** See `mover/gate`. */
export interface Gate {
  readonly env: Readonly<Record<string, string>>;
  /** Whose rights it has. */
  readonly serviceAccount: string;
}

/**
 * No sidecar may keep a Job from ending or stand between ssh and its peer. Sources: the documentation of Istio, Linkerd,
 * Consul, Kuma, AWS App Mesh, Vault's agent injector and Dapr.
 */
export const sidecarOptOut = {
  'sidecar.istio.io/inject': 'false',
  'linkerd.io/inject': 'disabled',
  'consul.hashicorp.com/connect-inject': 'false',
  'kuma.io/sidecar-injection': 'disabled',
  'appmesh.k8s.aws/sidecarInjectorWebhook': 'disabled',
  'vault.hashicorp.com/agent-inject': 'false',
  'dapr.io/enabled': 'false',
};

/** Newer versions of Istio and Kuma read a label instead. */
const sidecarOptOutLabels = { 'sidecar.istio.io/inject': 'false', 'kuma.io/sidecar-injection': 'disabled' };

/** A claim that is mounted on a node already can be read on that node only, cordoned or not. */
function placement({ node, options = {}, isScheduled = false }: PodPlan): Record<string, unknown> {
  if (node === undefined) return specOptions(options, []);
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
      },
    },
    ...specOptions(options, isScheduled ? [] : [{ operator: 'Exists', effect: 'NoSchedule' }]),
  };
}

/** OpenSSH serves and connects only users that the image's list has, so a pod of another one gets a list of its own. */
function userList({ identity, privileges, secret }: PodPlan): object[] {
  const isNeeded = secret !== undefined && privileges === 'user' && passwdFor(identity) !== undefined;
  return isNeeded ? [{ name: 'keys', mountPath: '/etc/passwd', subPath: passwdKey, readOnly: true }] : [];
}

type Volume = NonNullable<PodSpec['volumes']>[number];

/** A claim that a pod has, under a name of the pod's own. */
interface ClaimUse {
  readonly name: string;
  readonly claim: string;
  /** Whose it is decides where the pod finds it. */
  readonly side: 'source' | 'target';
  readonly readOnly: boolean;
}

function claimUses({ side, claim, readOnly, mountedSource }: PodPlan): ClaimUse[] {
  const own = { name: 'data', claim, side, readOnly };
  if (mountedSource === undefined) return [own];
  return [own, { name: 'source', claim: mountedSource, side: 'source', readOnly: true }];
}

/** A device is made read-only where its claim is named: what it is attached by has no field for that. */
const claimVolume = ({ name, claim, readOnly }: ClaimUse, isDevice: boolean): Volume => ({
  name,
  persistentVolumeClaim: { claimName: claim, ...(isDevice && readOnly && { readOnly }) },
});

function claimMounts(plan: PodPlan): object[] {
  if (plan.isDevice) return [];
  return claimUses(plan).map(({ name, side, readOnly }) => ({ name, mountPath: `/${side}`, readOnly }));
}

function volumeDevices(plan: PodPlan): { readonly volumeDevices?: object[] } {
  if (!plan.isDevice) return {};
  const devices = claimUses(plan).map(({ name, side }) => ({ name, devicePath: devicePathOf(side) }));
  return { volumeDevices: devices };
}

function keysVolume({ secret, privileges }: PodPlan): Volume[] {
  if (secret === undefined) return [];
  const defaultMode = privileges === 'user' ? 0o444 : 0o400;
  return [{ name: 'keys', secret: { secretName: secret, defaultMode } }];
}

type Metadata = PodTemplate['metadata'];

/** The template of one side's pods. @throws RefusedError where a patch changes what keeps data safe. */
export function podTemplate(
  { labels, annotations }: Metadata,
  plan: PodPlan,
  restartPolicy: 'Always' | 'Never',
): PodTemplate {
  const metadata = {
    labels: { ...sidecarOptOutLabels, ...labels },
    annotations: { ...sidecarOptOut, ...annotations },
  };
  return withPodOptions({ metadata, spec: ownSpec(plan, restartPolicy) }, plan.options ?? {}, plan.side);
}

/** The specification of one side's pod, of no task yet. */
export const podSpec = (plan: PodPlan, restartPolicy: 'Always' | 'Never'): PodSpec =>
  podTemplate({}, plan, restartPolicy).spec;

/** No fsGroup, unless the plan says that the volume is empty. */
function ownSpec(plan: PodPlan, restartPolicy: 'Always' | 'Never'): PodSpec {
  return {
    restartPolicy,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // The mover ends within two seconds, and a person who pressed Ctrl-C waits for it.
    terminationGracePeriodSeconds: 5,
    securityContext: podSecurity(plan),
    ...placement(plan),
    ...(plan.gate && {
      serviceAccountName: plan.gate.serviceAccount,
      initContainers: [gateContainer(plan, plan.gate)],
    }),
    containers: [
      {
        name: plan.side,
        image: plan.image,
        imagePullPolicy: 'IfNotPresent',
        command: [...plan.command],
        env: Object.entries(plan.env).map(([name, value]) => ({ name, value })),
        securityContext: securityContext(plan),
        resources: resourcesOf(plan.options ?? {}, plan.isLimited ?? false),
        volumeMounts: [
          ...claimMounts(plan),
          ...(plan.secret === undefined
            ? []
            : [{ name: 'keys', mountPath: '/etc/x8s/keys', readOnly: true }]),
          { name: 'run', mountPath: '/run/x8s' },
          { name: 'tmp', mountPath: '/tmp' },
          ...userList(plan),
        ],
        ...volumeDevices(plan),
      },
    ],
    volumes: [
      ...claimUses(plan).map((use) => claimVolume(use, plan.isDevice ?? false)),
      ...keysVolume(plan),
      { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
      { name: 'tmp', emptyDir: {} },
      ...(plan.gate ? [gateVolume] : []),
    ],
  };
}

/** Name of the container, and of the volume with its token. */
export const gateName = 'gate';

/** Where it is mounted the API server's address and certificate are looked for by every client. */
const accountPath = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The token is mounted there and nowhere else: what handles the files of others has none. */
function gateContainer(plan: PodPlan, { env }: Gate): Record<string, unknown> {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const pod = { name: gatePodVariable, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  return {
    name: gateName,
    image: plan.image,
    imagePullPolicy: 'IfNotPresent',
    command: moverCommand('gate'),
    env: [...variables, pod],
    securityContext: securityContext({ ...plan, privileges: 'user' }),
    resources: resourcesOf(plan.options ?? {}, plan.isLimited ?? false),
    volumeMounts: [{ name: gateName, mountPath: accountPath, readOnly: true }],
  };
}

const gateVolume: Volume = {
  name: gateName,
  projected: {
    defaultMode: 0o444,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ],
  },
};
