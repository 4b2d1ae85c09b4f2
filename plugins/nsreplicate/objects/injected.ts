/** Certificate bundles that a cluster's own injector puts into an object: they are of that cluster's authority. */
import { at, type Draft, drop, groupKind, isJson, items, type Json } from './draft.ts';

/** By these an author asks for them (cert-manager's CA injector, OpenShift's service CA). */
const asking = /^(cert-manager\.io\/inject-|service\.(alpha|beta)\.openshift\.io\/inject-cabundle$)/;

/** Where a kind has a client's configuration. */
const single: Readonly<Record<string, readonly string[]>> = {
  'CustomResourceDefinition.apiextensions.k8s.io': ['spec', 'conversion', 'webhook', 'clientConfig'],
  'APIService.apiregistration.k8s.io': ['spec'],
};
const lists = [
  'MutatingWebhookConfiguration.admissionregistration.k8s.io',
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io',
];

export const kindsWithBundles: readonly string[] = [...Object.keys(single), ...lists];

/**
 * Takes the bundles out that were injected: where an annotation asks for them, and where who wrote the bundle did not
 * write whom it is for.
 */
export function dropInjectedBundles(draft: Draft): void {
  const isAsked = Object.keys(draft.metadata.annotations ?? {}).some((key) => asking.test(key));
  for (const { config, fields } of configsOf(draft))
    if (isAsked || isInjected(fields)) drop(config, 'caBundle');
}

interface Config {
  readonly config: Json;
  /** What each manager wrote of it. */
  readonly fields: readonly unknown[];
}

function configsOf(draft: Draft): Config[] {
  const kind = groupKind(draft);
  const path = single[kind];
  const { managedFields = [] } = draft.metadata;
  if (path) {
    const config = at(draft, ...path);
    const owned = path.map((key) => `f:${key}`);
    return isJson(config)
      ? [{ config, fields: managedFields.map((entry) => at(entry, 'fieldsV1', ...owned)) }]
      : [];
  }
  return items(draft, 'webhooks').flatMap((webhook) => {
    const item = `k:${JSON.stringify({ name: webhook.name })}`;
    const fields = managedFields.map((entry) => at(entry, 'fieldsV1', 'f:webhooks', item, 'f:clientConfig'));
    return isJson(webhook.clientConfig) ? [{ config: webhook.clientConfig, fields }] : [];
  });
}

function isInjected(fields: readonly unknown[]): boolean {
  const writers = fields.filter((entry) => at(entry, 'f:caBundle') !== undefined);
  const isAuthor = (entry: unknown) =>
    at(entry, 'f:service') !== undefined || at(entry, 'f:url') !== undefined;
  return writers.length > 0 && !writers.some(isAuthor);
}
