/** What a cluster allocates for a Service, told from what its author asked for. */
import { at, type Draft, drop, isJson, items, type Json } from './draft.ts';

/** Removes cluster addresses (unless `None`) and the ports that the cluster chose by itself. */
export function dropAllocated(draft: Draft): void {
  if (at(draft, 'spec', 'clusterIP') !== 'None') {
    drop(draft, 'spec', 'clusterIP');
    drop(draft, 'spec', 'clusterIPs');
  }
  if (!isAsked(draft, 'healthCheckNodePort')) drop(draft, 'spec', 'healthCheckNodePort');
  const asked = askedNodePorts(draft);
  for (const port of items(draft, 'spec', 'ports')) {
    if (!asked.has(portKey(port))) delete port.nodePort;
  }
}

/** Whether a field of the spec was in a request: what the server allocates by itself is in nobody's managedFields. */
const isAsked = ({ metadata: { managedFields = [] } }: Draft, field: string): boolean =>
  managedFields.some((entry) => at(entry, 'fieldsV1', 'f:spec', `f:${field}`) !== undefined);

const portKey = ({ port, protocol = 'TCP' }: Json) => `${port}/${protocol}`;

/**
 * Ports whose nodePort was in a request: allocation happens after the API server has noted who wrote what, so
 * an allocated one is in nobody's managedFields.
 */
function askedNodePorts(draft: Draft): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const entry of draft.metadata.managedFields ?? []) {
    const ports = at(entry, 'fieldsV1', 'f:spec', 'f:ports');
    for (const [key, fields] of Object.entries(isJson(ports) ? ports : {})) {
      if (isJson(fields) && 'f:nodePort' in fields && key.startsWith('k:'))
        asked.add(portKey(JSON.parse(key.slice(2)) as Json));
    }
  }
  return asked;
}
