/** Whose rights a KRMSyncer uses in the controller's own cluster: never more than whoever may write it was granted. */

import { compileGlobs } from '../../rules/glob.ts';
import type { KrmSyncer } from '../../rules/krmsyncer.ts';
import { compileRule } from '../../rules/scope.ts';
import { Refusal } from '../resource/refusal.ts';

/** What the administrator granted; names and globs of namespaces. */
export interface RightsPolicy {
  /** Whose KRMSyncers use the controller's own rights. */
  readonly trusted: readonly string[];
  /** Whose KRMSyncers may name a ServiceAccount of their namespace, for which the controller asks for a token. */
  readonly tokens: readonly string[];
}

export type Identity =
  | { readonly who: 'controller' }
  | { readonly who: 'serviceAccount'; readonly namespace: string; readonly name: string }
  /** Reads what is in this one namespace, without Secrets, and writes nothing. */
  | { readonly who: 'namespace'; readonly namespace: string };

const within = (globs: readonly string[], namespace: string): boolean =>
  globs.length > 0 && compileGlobs(globs)(namespace);

/**
 * Whose rights are used.
 * @throws {Refusal} a ServiceAccount is named where no token may be asked for
 */
export function identityFor(
  namespace: string,
  { serviceAccountName: name }: Pick<KrmSyncer, 'serviceAccountName'>,
  { trusted, tokens }: RightsPolicy,
): Identity {
  if (name === undefined)
    return within(trusted, namespace) ? { who: 'controller' } : { who: 'namespace', namespace };
  if (within(tokens, namespace) || within(trusted, namespace))
    return { who: 'serviceAccount', namespace, name };
  throw new Refusal(
    'NotAllowed',
    `spec.serviceAccountName: the controller asks for no tokens in namespace ${namespace}`,
    `An administrator allows it by --token-namespaces ${namespace}.`,
  );
}

/**
 * Refuses what goes beyond an identity. What an identity of the cluster itself may do, its API server decides.
 * @throws {Refusal} other namespaces, Secrets or writing, by the rights of one namespace
 */
export function checkWithin(identity: Identity, { mode, config }: Pick<KrmSyncer, 'mode' | 'config'>): void {
  if (identity.who !== 'namespace') return;
  const { namespace } = identity;
  const ways = `name a ServiceAccount (spec.serviceAccountName), or have ${namespace} among --trusted-namespaces`;
  const refuse = (what: string): never => {
    throw new Refusal('NotAllowed', `${what}: ${ways}`);
  };
  if (mode === 'pull') refuse('pulling writes into this cluster, for which no rights are given');
  const foreign = config.rules.flatMap(({ namespaces }) => namespaces).find((name) => name !== namespace);
  if (foreign !== undefined)
    refuse(`the rules mean namespace ${foreign}, and without rights of its own it reads ${namespace} only`);
  const secrets = config.rules
    .map(compileRule)
    .find((rule) => rule.rule.kind === 'Secret' && rule.coversKind(secretKind));
  if (secrets) refuse('Secrets are not copied by the rights of the controller');
}

const secretKind = { group: '', version: 'v1', kind: 'Secret' };
