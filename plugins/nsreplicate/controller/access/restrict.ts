/** Connections that do less than they could: those of one namespace, and those to servers that nobody has vouched for. */
import { statusOf } from '../../../../src/kube/api/api-failure.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../../../src/kube/api/transport.ts';
import { stateNamespace } from '../../decide/spec.ts';
import { withResponses } from './responses.ts';

/** Discovery, and nothing that says anything of objects. */
const discovery = /^\/(version|api|apis|api\/v1|apis\/[^/?]+(\/[^/?]+)?|openapi\/.*)$/;
const reviews = /^\/apis\/authorization\.k8s\.io\/v1\/selfsubject(access|rules)reviews$/;

/** Which promotion a task knows of: its own record, and nothing of anybody's. */
const epochs = new RegExp(`^/api/v1/namespaces/${stateNamespace}/configmaps/nsreplicate-[a-z0-9-]+-epoch$`);

/** What becomes of a request: sent as it is or as another one, or refused. */
export type Ruling = HttpRequest | 'refuse';

/** Only discovery, and reading of what is in one namespace except its Secrets. */
export function ruleFor(namespace: string, request: HttpRequest): Ruling {
  const [path = '', query = ''] = request.path.split('?', 2);
  if (/%2f|%2e|\/\/|\.\./i.test(path)) return 'refuse';
  if (request.method === 'POST' && reviews.test(path)) return ruleForReview(namespace, request);
  if (request.method !== 'GET') return 'refuse';
  if (discovery.test(path) || epochs.test(path)) return request;
  if (path === '/api/v1/namespaces') return { ...request, path: `${path}?${onlyNamed(query, namespace)}` };
  const inside = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)\/namespaces\/([^/]+)(?:\/([^/]+).*)?$/.exec(path);
  const [, where, plural] = inside ?? [];
  return where === namespace && plural !== 'secrets' ? request : 'refuse';
}

/** The one namespace, whatever selector was asked for. */
function onlyNamed(query: string, namespace: string): string {
  const parameters = new URLSearchParams(query);
  parameters.set('fieldSelector', `metadata.name=${namespace}`);
  return parameters.toString();
}

interface Review {
  spec?: {
    namespace?: string;
    resourceAttributes?: {
      namespace?: string;
      group?: string;
      resource?: string;
      verb?: string;
      name?: string;
    };
  };
}

/** What would be refused is not allowed; what would not be, the API server says. */
function ruleForReview(namespace: string, request: HttpRequest): Ruling {
  const review = JSON.parse(String(request.body)) as Review;
  const { spec = {} } = review;
  const asked = spec.resourceAttributes;
  if (!asked) return spec.namespace === namespace ? request : 'refuse';
  const reads = ['get', 'list', 'watch'].includes(asked.verb ?? '');
  if (reads && !asked.group && asked.resource === 'namespaces') {
    const only = { ...review, spec: { ...spec, resourceAttributes: { ...asked, name: namespace } } };
    return { ...request, body: JSON.stringify(only) };
  }
  return reads && asked.namespace === namespace && asked.resource !== 'secrets' ? request : 'refuse';
}

/** Over another's connections, which stay open when this is closed. */
export function withinNamespace(transport: Transport, namespace: string): Transport {
  return {
    ready: (signal) => transport.ready(signal),
    request: async (request) => {
      const ruling = ruleFor(namespace, request);
      if (ruling !== 'refuse') return transport.request(ruling);
      return reviews.test(request.path)
        ? answer(201, { status: { allowed: false } })
        : answer(403, forbidden(namespace));
    },
    webSocket: () => Promise.reject(new Error('there are no streams by the rights of one namespace')),
    loseConnections: () => undefined,
    close: async () => undefined,
  };
}

const forbidden = (namespace: string) => ({
  kind: 'Status',
  status: 'Failure',
  code: 403,
  reason: 'Forbidden',
  message: `without a ServiceAccount only namespace ${namespace} is read, and not its Secrets`,
});

function answer(status: number, body: object): HttpResponse {
  const text = JSON.stringify(body);
  return {
    status,
    headers: {},
    text: async () => text,
    async *bytes() {
      yield Buffer.from(text);
    },
    discard: () => undefined,
  };
}

/** What a server answers that is no Kubernetes failure is never passed on: it may be a page that only the controller can see. */
export function withoutForeignTexts(transport: Transport): Transport {
  return withResponses(transport, (response) => {
    if (response.status < 300) return response;
    const text = async () => {
      const said = await response.text();
      return statusOf(said) ? said : '';
    };
    return { ...response, text };
  });
}
