/** How a person names a claim: `context/namespace/claim`, `namespace/claim` or `claim`. */
import { UsageError } from '../../../src/errors.ts';
import { isNamespaceName, isObjectName } from '../../../src/kube/api/object-name.ts';

/** A claim as named on the command line. What is absent means the current context or its namespace. */
export interface ClaimArgument {
  readonly context?: string;
  readonly namespace?: string;
  readonly claim: string;
}

/**
 * Reads a claim argument. Context names may hold slashes and colons themselves (EKS: an ARN, OpenShift:
 * `project/host:port/user`), so the last two parts are namespace and claim, and all before is the context.
 *
 * @throws UsageError where a part is empty or no valid name.
 */
export function parseClaim(text: string, what: 'SOURCE' | 'TARGET'): ClaimArgument {
  const parts = text.split('/');
  const claim = parts.pop() ?? '';
  const namespace = parts.pop();
  const context = parts.length > 0 ? parts.join('/') : undefined;
  const hint = `${what} is [[CONTEXT/]NAMESPACE/]CLAIM, for example prod-eu/shop/database`;
  if (!isObjectName(claim)) {
    throw new UsageError(`${what} ${JSON.stringify(text)}: ${JSON.stringify(claim)} is not a claim's name`, {
      hint,
    });
  }
  if (namespace !== undefined && !isNamespaceName(namespace)) {
    throw new UsageError(
      `${what} ${JSON.stringify(text)}: ${JSON.stringify(namespace)} is not a namespace's name`,
      {
        hint,
      },
    );
  }
  if (context === '') throw new UsageError(`${what} ${JSON.stringify(text)}: the context is empty`, { hint });
  return { claim, ...(namespace !== undefined && { namespace }), ...(context !== undefined && { context }) };
}
