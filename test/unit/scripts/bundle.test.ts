/** What a bundle leaves out, or puts off, is missing nowhere: the libraries do there what they do by themselves. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { setUpWhenUsed } from '../../../scripts/deferred-packages.ts';
import { leaveOutUnused } from '../../../scripts/left-out-modules.ts';

const program = `
import { createServer } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import * as openid from 'openid-client';
import stringWidth from 'string-width';
import { Agent } from 'undici';

const configOf = (server, cluster, user) => {
  const config = new KubeConfig();
  config.loadFromOptions({
    currentContext: 'x',
    contexts: [{ name: 'x', cluster: 'x', user: 'x' }],
    clusters: [{ name: 'x', server, ...cluster }],
    users: [{ name: 'x', ...user }],
  });
  return config;
};
const optionsOf = async (...parts) => {
  const options = {};
  await configOf(...parts).applyToHTTPSOptions(options);
  return options;
};
const agentOf = async (proxyUrl, server = 'https://10.0.0.1') =>
  (await optionsOf(server, { proxyUrl })).agent.constructor.name;
const failureOf = (work) => Promise.resolve().then(work).then(() => '', (error) => error.message);

const google = { 'cmd-path': process.execPath, 'cmd-args': process.argv[1] + ' token', 'token-key': '{.a.t}', 'expiry-key': '{.e}' };
// What gcp's command is to print.
if (process.argv[2] === 'token') console.log('{"a":{"t":"told"}}');
else createServer((_, answer) => answer.end('pong')).listen(0, '127.0.0.1', async function () {
  const agent = new Agent();
  const { body } = await agent.request({ origin: 'http://127.0.0.1:' + this.address().port, path: '/', method: 'GET' });
  const said = {
    ping: await body.text(),
    width: stringWidth('日本'),
    socks: await agentOf('socks5h://127.0.0.1:1'),
    https: await agentOf('http://127.0.0.1:1'),
    http: await agentOf('http://127.0.0.1:1', 'http://10.0.0.1'),
    token: (await optionsOf('https://10.0.0.1', {}, { authProvider: { name: 'gcp', config: google } })).headers.Authorization,
    symbol: typeof openid.customFetch,
    oidc: await failureOf(() => openid.discovery('no URL')),
    api: await failureOf(() => configOf('https://10.0.0.1').makeApiClient(class {})),
  };
  await agent.close();
  this.close();
  console.log(JSON.stringify(said));
});
`;

test('what is put off is there once it is asked for, and what is left out says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    const outfile = join(folder, 'program.cjs');
    await build({
      // As a module, which a plugin's sources are: what a default import means goes by that.
      stdin: { contents: program, resolveDir: import.meta.dirname, sourcefile: 'program.mjs' },
      bundle: true,
      plugins: [leaveOutUnused, setUpWhenUsed],
      platform: 'node',
      keepNames: true,
      target: 'node26',
      outfile,
      logLevel: 'error',
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile]);
    expect(JSON.parse(stdout)).toEqual({
      ping: 'pong',
      width: 4,
      socks: 'SocksProxyAgent',
      https: 'HttpsProxyAgent',
      http: 'HttpProxyAgent',
      token: 'Bearer told',
      symbol: 'symbol',
      oidc: '"server" must be an instance of URL',
      api: "client-node's generated client is not part of this program",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
