/** kubectl, with the compiled plugins on its PATH, as a person has it. */
import { dirname, join } from 'node:path';
import { kubectlPath } from '../../lab/index.ts';
import { isLab, kubeconfig } from './contexts.ts';
import { type Ended, must, type Running, run, start } from './process.ts';

const plugins = join(import.meta.dirname, '..', '..', '..', 'dist', `${process.platform}-${process.arch}`);
/** For what runs beside a test, as `port-forward` does. */
export const kubectlBinary = isLab ? kubectlPath() : 'kubectl';

/** The environment in which `kubectl x8sync` is found and talks to the tests' clusters. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  KUBECONFIG: kubeconfig,
  PATH: [plugins, dirname(kubectlBinary), process.env.PATH].join(':'),
  NO_COLOR: '1',
};

/** Runs kubectl in a context; must end well. */
export function kubectl(context: string, args: readonly string[], input?: string): Promise<string> {
  return must(kubectlBinary, ['--context', context, ...args], {
    env: environment,
    ...(input !== undefined && { input }),
  });
}

/** Applies objects. */
export async function apply(context: string, namespace: string, ...objects: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await kubectl(context, ['-n', namespace, 'apply', '-f', '-'], list);
}

/** Gets objects as JSON; an empty list where there are none. */
export async function get<T = { metadata: { name: string; uid: string } }>(
  context: string,
  namespace: string,
  what: string,
  ...args: string[]
): Promise<T[]> {
  const text = await kubectl(context, ['-n', namespace, 'get', what, '-o', 'json', ...args]);
  return (JSON.parse(text) as { items: T[] }).items;
}

/** Runs a plugin as `kubectl PLUGIN …` to its end. */
export function plugin(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return run(kubectlBinary, [name, ...args], { env: { ...environment, ...env } });
}

/** A compiled plugin itself, for tests that call it many times: kubectl in front of it takes as long again. */
export const pluginProgram = (name: string): string => join(plugins, `kubectl-${name}`);

/**
 * Starts a plugin and goes on. kubectl replaces itself by the plugin, so signals to the child reach the
 * plugin itself.
 *
 * @param under a program that replaces itself by the one that it is given, and what it is told before that.
 */
export function startPlugin(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  under: readonly string[] = [],
): Running {
  const [program = '', ...all] = [...under, kubectlBinary, name, ...args];
  return start(program, all, { env: { ...environment, ...env } });
}
