// Tests run as ES modules on the pinned Node; swc strips the types, `npm run typecheck` checks them.
const project = (name, extra = {}) => ({
  displayName: name,
  rootDir: import.meta.dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  ...extra,
});

export default {
  projects: [project('unit'), project('cluster')],
};
