/** Tries the agent's image in a pod of its own: pulled, allowed, and with a Node in it. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';
import { messageOf } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { describePermission, missingPermissions } from '../../../src/kube/cluster/access.ts';
import { execOutput } from '../../../src/kube/streams/exec.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import type { Finding } from './doctor.ts';

export interface ImageCheck {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what is being waited for. */
  readonly onWait?: (what: string) => void;
}

const limit = 120_000;
const refused = /ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull/;

/** Never rejects for what the image or the cluster does: that is the finding. */
export async function checkImage({ kube, namespace, image, signal, onWait }: ImageCheck): Promise<Finding> {
  const check = 'agent image';
  const needed = ['create', 'delete'].map((verb) => ({ verb, resource: pods, namespace }));
  const [missing] = await missingPermissions(kube, needed, { signal });
  // Who may not make pods can sync all the same.
  if (missing)
    return {
      check,
      verdict: 'note',
      message: `${image} was not tried: ${kube.cluster.user} may not ${describePermission(missing)}`,
    };
  const name = `devsync-check-${randomBytes(3).toString('hex')}`;
  try {
    await kube.create(pods, podOf(name, namespace, image), { signal });
    onWait?.(`waiting until pod ${name} runs ${image}; it is deleted again`);
    const ready = { timeoutMs: limit, signal, what: `a pod with ${image} to run` };
    await waitFor(kube, pods, { namespace, name }, isRunning, ready);
    const container = 'agent';
    const node = await execOutput(kube, {
      namespace,
      pod: name,
      container,
      command: ['node', '--version'],
      signal,
    });
    return { check, verdict: 'ok', message: `${image} runs, with node ${node.trim()}` };
  } catch (error) {
    signal.throwIfAborted();
    return { check, verdict: 'failed', message: messageOf(error) };
  } finally {
    await kube.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 }).catch(() => {});
  }
}

function isRunning(pod: Pod | undefined): true | undefined {
  const { waiting, running } = pod?.status?.containerStatuses?.[0]?.state ?? {};
  if (waiting?.reason !== undefined && refused.test(waiting.reason))
    throw new Error(`${waiting.reason}: ${waiting.message ?? ''}`);
  return running && true;
}

/** Passes the `restricted` Pod Security level. */
function podOf(name: string, namespace: string, image: string): Pod {
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser: 65532,
    readOnlyRootFilesystem: true,
  };
  const command = ['node', '-e', 'setInterval(()=>{},2147483647)'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'kubectl-devsync' } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'agent', image, imagePullPolicy: 'IfNotPresent', command, securityContext }],
    },
  };
}
