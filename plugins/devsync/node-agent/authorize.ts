/**
 * Whether somebody may have a session in a container: an agent has rights on its whole node, so each caller is held to
 * what the API server lets them do. A session is worth as much as an exec, and is for those who may do that.
 */
import type { CallOptions, KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { containerStatus } from '../launch/containers.ts';
import { audienceOf, type RefusalReason, type SessionRequest } from '../wire/node-agent.ts';
import { bareId, type ContainerIdentity } from './cgroups.ts';

/** No session, and why. */
export class SessionRefused extends Error {
  override readonly name = 'SessionRefused';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ */
interface TokenReview extends KubeObject {
  status?: { authenticated?: boolean; audiences?: string[]; user?: User };
}

interface User {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/ */
interface AccessReview extends KubeObject {
  status?: { allowed?: boolean };
}

export interface Permitted {
  /** Who asked, as the API server knows them. */
  readonly user: string;
  readonly container: ContainerIdentity;
}

/**
 * Who asks, whether they may `create pods/exec` on that very pod, and which container of this node they mean by it. What
 * the caller says of the pod counts for nothing: its container's id is the API server's.
 *
 * @throws {SessionRefused} none is to be opened
 */
export async function authorize(
  kube: KubeClient,
  node: string,
  request: SessionRequest,
  call: CallOptions,
): Promise<Permitted> {
  const user = await reviewToken(kube, audienceOf(node), request.token, call);
  await reviewAccess(kube, user, request, call);
  return { user: user.username ?? '', container: await findContainer(kube, node, request, call) };
}

async function reviewToken(
  kube: KubeClient,
  audience: string,
  token: string,
  call: CallOptions,
): Promise<User> {
  // The API server takes a review without a token for a mistake of ours.
  if (token === '') throw new SessionRefused('Unauthenticated', 'no token was shown');
  const { status } = await kube.request<TokenReview>({
    ...call,
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    what: 'a review of a token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    },
  });
  // A server that knows nothing of audiences names none.
  if (status?.authenticated === true && status.audiences?.includes(audience) && status.user?.username)
    return status.user;
  throw new SessionRefused(
    'Unauthenticated',
    'the token is not one for the agent of this node, or has expired',
  );
}

async function reviewAccess(
  kube: KubeClient,
  { username, uid, groups, extra }: User,
  { namespace, pod }: SessionRequest,
  call: CallOptions,
): Promise<void> {
  const resourceAttributes = {
    verb: 'create',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: 'exec',
    namespace,
    name: pod,
  };
  const { status } = await kube.request<AccessReview>({
    ...call,
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    what: "a review of a user's access",
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: username, uid, groups, extra, resourceAttributes },
    },
  });
  if (status?.allowed === true) return;
  throw new SessionRefused(
    'Forbidden',
    `${username} may not create pods/exec "${pod}" in namespace "${namespace}"`,
  );
}

async function findContainer(
  kube: KubeClient,
  node: string,
  { namespace, pod: name, container, containerId }: SessionRequest,
  call: CallOptions,
): Promise<ContainerIdentity> {
  const pod = await kube.find(pods, { namespace, name }, call);
  const where = `container ${container} of pod ${namespace}/${name}`;
  const status = pod && containerStatus(pod, container);
  if (pod?.spec.nodeName !== node || status?.state?.running === undefined)
    throw new SessionRefused('NotFound', `${where} does not run on node ${node}`);
  const id = bareId(containerId);
  if (id === undefined || status.containerID !== containerId || pod.metadata.uid === undefined)
    throw new SessionRefused('NotFound', `${where} is not the one that was meant: it was started again`);
  return { uid: pod.metadata.uid, id };
}
