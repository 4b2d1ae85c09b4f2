/** Exec plugins: client-node's ExecAuth, and what such a plugin says to a person while it waits for them. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { RequestOptions } from 'node:https';
import type { Authenticator } from '@kubernetes/client-node/dist/auth.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import type { Clock } from '../../clock.ts';
import type { ExecEntry } from './kubeconfig.ts';

/** A plugin that takes longer than this may be waiting for a person, so what it says is shown. */
const patienceMs = 2_000;

/**
 * The name under which an exec entry is hidden from KubeConfig, whose own ExecAuth would take it first and keep
 * to itself what the plugin says (a code to enter in a browser, as of a device login).
 */
const providerName = 'exec plugin that may talk';

/** An exec entry as a user's `auth-provider`, for {@link execLogin}. */
export function asProvider(exec: ExecEntry): { name: string; config: { entry: ExecEntry } } {
  return { name: providerName, config: { entry: exec } };
}

/** @param say told each line of a plugin that takes long */
export function execLogin(say: (line: string) => void, clock: Clock): Authenticator {
  const auth = new ExecAuth();
  // The only part of ExecAuth that can be replaced: how it starts the plugin.
  Reflect.set(auth, 'execFn', (command: string, args: readonly string[], options: SpawnOptions) =>
    overheard(spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }), say, clock),
  );
  return {
    isAuthProvider: ({ authProvider }: User) => authProvider?.name === providerName,
    applyAuthentication: (user: User, options: RequestOptions) =>
      auth.applyAuthentication({ ...user, exec: user.authProvider.config.entry }, options),
  };
}

function overheard(plugin: ChildProcess, say: (line: string) => void, clock: Clock): ChildProcess {
  let isSlow = false;
  let text = '';
  const tell = () => {
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') say(line.trimEnd());
  };
  const ended = new AbortController();
  clock.sleep(patienceMs, ended.signal).then(
    () => {
      isSlow = true;
      tell();
    },
    () => {},
  );
  plugin.stderr?.on('data', (chunk) => {
    text += chunk;
    if (isSlow) tell();
  });
  plugin.on('close', () => ended.abort());
  return plugin;
}
