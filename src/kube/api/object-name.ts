/** Names that Kubernetes takes for objects. */

/** DNS-1123 subdomain. */
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Whether Kubernetes takes this as the name of a pod, a claim, and most other objects. */
export const isObjectName = (name: string): boolean => name.length <= 253 && subdomain.test(name);
