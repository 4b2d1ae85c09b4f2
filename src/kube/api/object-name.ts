/** Names that Kubernetes takes for objects. */

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
/** DNS-1123 label, of any length. */
const oneLabel = new RegExp(`^${label}$`);
/** DNS-1123 subdomain, of any length. */
const subdomain = new RegExp(`^${label}(\\.${label})*$`);

/** Whether Kubernetes takes this as the name of a pod, a claim, and most other objects. */
export const isObjectName = (name: string): boolean => name.length <= 253 && subdomain.test(name);

/** Whether Kubernetes takes this as a namespace's name. */
export const isNamespaceName = (name: string): boolean => name.length <= 63 && isLabel(name);

/** Whether these are the letters of a DNS-1123 label. How long it may be depends on what it is for. */
export const isLabel = (name: string): boolean => oneLabel.test(name);
