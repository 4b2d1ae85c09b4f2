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

/** Packages whose one function is called by few runs, and that make at once what takes long to make. */
const calledSeldom = ['string-width'];

/** Each of them is set up when its function is first called: string-width's segmenter takes as long as the rest of a start. */
export const setUpWhenCalled: Plugin = {
  name: 'set-up-when-called',
  setup({ onResolve, onLoad, resolve }) {
    const namespace = 'when-called';
    onResolve({ filter: new RegExp(`^(${calledSeldom.join('|')})$`) }, async ({ path, ...from }) => {
      if (from.namespace === namespace) return undefined;
      const { kind, resolveDir, importer } = from;
      const found = await resolve(path, { kind, resolveDir, importer, namespace });
      // By its name: where it was on this machine would stay in the bundle.
      return found.errors.length > 0 ? found : { path, namespace, pluginData: found.path };
    });
    onLoad({ filter: /.*/, namespace }, ({ pluginData: file }) => ({
      contents: `
let called;
export default (...args) => (called ??= require(${JSON.stringify(file)}).default)(...args);
`,
      resolveDir: dirname(file),
      loader: 'js',
    }));
  },
};
