/** Packages that few runs need go into a bundle as texts: every run reads the bundle, and would parse them for nothing. */
import { dirname } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** What nsreplicate's service is made of. */
const packages = ['fastify', 'prom-client', 'jose'];

/** Puts each of them in as a text that is compiled when it is first imported. */
export const deferPackages: Plugin = {
  name: 'deferred-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${packages.join('|')})$`) }, ({ path }) => ({
      path,
      namespace: 'deferred',
    }));
    onLoad({ filter: /.*/, namespace: 'deferred' }, async ({ path }) => ({
      contents: compiledLater(await bundleOf(path)),
      loader: 'js',
    }));
  },
};

/** One package with all that it needs, as CommonJS. */
async function bundleOf(name: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)})`, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    supported: { 'dynamic-import': false },
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

const compiledLater = (text: string): string => `
const { compileFunction } = require('node:vm');
const loaded = { exports: {} };
compileFunction(${JSON.stringify(text)}, ['module', 'exports', 'require'])(loaded, loaded.exports, require);
module.exports = loaded.exports;
`;

/**
 * Packages that many runs bring along and few use: the segmenter of string-width takes as long to make as the rest of a
 * start, and client-node's KubeConfig imports all that any way to log in, or any proxy, may want.
 */
const seldomUsed = [
  'string-width',
  'openid-client',
  'jsonpath-plus',
  'socks-proxy-agent',
  'socks',
  'hpagent',
];

/** Each of them is set up when something of it is first used. */
export const setUpWhenUsed: Plugin = {
  name: 'set-up-when-used',
  setup({ onResolve, onLoad, resolve }) {
    const namespace = 'when-used';
    onResolve({ filter: new RegExp(`^(${seldomUsed.join('|')})$`) }, async ({ path, ...from }) => {
      if (from.namespace === namespace) return undefined;
      const { kind, resolveDir, importer } = from;
      const found = await resolve(path, { kind, resolveDir, importer, namespace });
      // By its name: where it was on this machine would stay in the bundle.
      return found.errors.length > 0 ? found : { path, namespace, pluginData: found.path };
    });
    onLoad({ filter: /.*/, namespace }, async ({ path, pluginData: file }) => ({
      contents: usedLater(file, Object.keys(await import(path))),
      resolveDir: dirname(file),
      loader: 'js',
    }));
  },
};

/**
 * A module with these exports, none of which is there before it is asked for. A module that imports its default gets all
 * of it instead (https://esbuild.github.io/content-types/#default-interop), so all of it can be called as the default can.
 */
const usedLater = (file: string, names: readonly string[]): string => `
let used;
const whole = () => (used ??= require(${JSON.stringify(file)}));
module.exports = ${names.includes('default') ? '(...args) => whole().default(...args)' : '{}'};
module.exports.__esModule = true;
const later = (name) => Object.defineProperty(module.exports, name, { enumerable: true, get: () => whole()[name] });
for (const name of ${JSON.stringify(names)}) later(name);
`;
