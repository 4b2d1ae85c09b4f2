/** What libraries bring along and no plugin uses stays out of the bundles: it would be read and set up at every start. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * client-node's KubeConfig imports its generated client, seven hundred models, for a method that nobody calls here:
 * src/kube/api is the client.
 */
const generatedClient = `
function leftOut() {
  throw new Error("client-node's generated client is not part of this program");
}
export const createConfiguration = leftOut;
export const ServerConfiguration = leftOut;
`;

/** undici without what makes it a browser's fetch, WebSocket and cache: connections, and requests on them. */
const undici = `
import Dispatcher from './lib/dispatcher/dispatcher.js';
import * as api from './lib/api/index.js';
import Agent from './lib/dispatcher/agent.js';
import Pool from './lib/dispatcher/pool.js';
import ProxyAgent from './lib/dispatcher/proxy-agent.js';
import buildConnector from './lib/core/connect.js';
// As undici's own index.js does it.
Object.assign(Dispatcher.prototype, api.default);
export { Agent, Pool, ProxyAgent, buildConnector };
`;

/** Puts a part in the place of a whole. A build fails where something asks for what the part does not have. */
export const leaveOutUnused: Plugin = {
  name: 'left-out-modules',
  setup({ onResolve, onLoad }) {
    const kubeConfig = /[/\\]@kubernetes[/\\]client-node[/\\]dist[/\\]config\.js$/;
    onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ path, importer }) =>
      kubeConfig.test(importer) ? { path, namespace: 'generated-client' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'generated-client' }, () => ({ contents: generatedClient }));
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'undici-part' }));
    onLoad({ filter: /.*/, namespace: 'undici-part' }, ({ path }) => ({
      contents: undici,
      resolveDir: dirname(createRequire(import.meta.url).resolve(path)),
    }));
  },
};
