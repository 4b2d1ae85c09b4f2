/**
 * Registry and owner that a build is for (`X8S_REGISTRY`), empty where none is named. References of images are in lower
 * case (https://github.com/opencontainers/distribution-spec, "name"); names of GitHub's owners need not be.
 */
export const registryIn = ({ X8S_REGISTRY = '' }: NodeJS.ProcessEnv): string => X8S_REGISTRY.toLowerCase();
