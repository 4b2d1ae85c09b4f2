/** Bodies of successful answers. */
import { X8sError } from '../../errors.ts';
import { parseExactly } from '../../json.ts';
import type { Subject } from '../api/api-failure.ts';
import type { ClusterInfo } from '../api/client.ts';

/** Integers that numbers can't hold are BigInts. @throws {X8sError} the body is not JSON, as a login page or a proxy's would be */
export function parseJson<T>(cluster: ClusterInfo, { what }: Subject, text: string): T {
  try {
    return parseExactly(text) as T;
  } catch {
    // The parser's own error quotes the body, which may be a Secret.
    throw new X8sError(`${cluster.context}: ${what}: the answer is not JSON`, {
      hint: `does ${cluster.server} point to an API server?`,
    });
  }
}
