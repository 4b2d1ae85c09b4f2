/** What a gate is given by its pod's environment. */

/** Of a pod that a schedule makes: what is asked before its mover begins. */
export interface GateOptions {
  readonly nonce: string;
  readonly task: string;
  readonly mode: string;
  readonly namespace: string;
  /** The target claim, which nobody else may have mounted. */
  readonly claim: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The name of the pod itself comes by this variable, of which only Kubernetes knows the value. */
export const gatePodVariable = 'X8S_POD';

export function gateEnv(options: GateOptions): Record<string, string> {
  return {
    X8S_NONCE: options.nonce,
    X8S_TASK: options.task,
    X8S_MODE: options.mode,
    X8S_NAMESPACE: options.namespace,
    X8S_CLAIM: options.claim,
  };
}

/** @throws Error where something is missing without which nothing can be asked. */
export function readGateOptions(env: Env): GateOptions & { readonly pod: string } {
  const needed = (name: string): string => {
    const text = env[name];
    if (!text) throw new Error(`${name} is not set`);
    return text;
  };
  return {
    nonce: env.X8S_NONCE ?? '',
    task: env.X8S_TASK ?? '',
    mode: env.X8S_MODE ?? '',
    namespace: needed('X8S_NAMESPACE'),
    claim: needed('X8S_CLAIM'),
    pod: needed(gatePodVariable),
  };
}
