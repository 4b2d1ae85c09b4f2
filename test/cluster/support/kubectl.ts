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

/** A compiled plugin. */
export const pluginProgram = (name: string): string => join(plugins, `kubectl-${name}`);

/** Runs a plugin to its end: as kubectl does, which replaces itself by it and takes as long again until then. */
export function plugin(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return run(pluginProgram(name), args, { env: { ...environment, ...env } });
}

/**
 * Starts a plugin and goes on.
 *
 * @param under a program that replaces itself by the one that it is given, and what it is told before that.
 */
export function startPlugin(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  under: readonly string[] = [],
): Running {
  const [program = '', ...all] = [...under, pluginProgram(name), ...args];
  return start(program, all, { env: { ...environment, ...env } });
}
