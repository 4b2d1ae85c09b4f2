/** Whether an API server heeds rights that were given or taken just now: it hears of them by watches of its own. */
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { eventuallySees } from '../../support/eventually.ts';

export interface Right {
  readonly verb: string;
  /** The core group where absent. */
  readonly group?: string;
  /** With its subresource, as rules have it: `pods/exec`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface Review {
  readonly status?: { readonly allowed?: boolean };
}

/** Resolves once the server lets somebody do this; does not let them, where `isAllowed` is false. */
export async function untilHeeded(
  kube: KubeClient,
  user: string,
  right: Right,
  isAllowed = true,
): Promise<void> {
  const [resource, subresource] = right.resource.split('/');
  const resourceAttributes = { ...right, resource, ...(subresource && { subresource }) };
  const ask = () =>
    kube.request<Review>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      what: `a review of what ${user} may do`,
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes },
      },
    });
  await eventuallySees(ask, ({ status }) => (status?.allowed === true) === isAllowed);
}
