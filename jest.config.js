import { slowness } from './test/support/slowness.ts';

// Tests run as ES modules on the pinned Node; swc strips the types, `npm run typecheck` checks them.
const project = (name, testMatch, globals = {}) => ({
  displayName: name,
  rootDir: import.meta.dirname,
  testMatch,
  globals,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
});

export default {
  // Of a unit test; test/run.ts gives those on clusters more.
  testTimeout: Math.round(20_000 * slowness()),
  // Concurrent tests of one file wait for pods most of the time; more at once only wait for each other.
  maxConcurrency: 4,
  testSequencer: '<rootDir>/test/support/sequencer.ts',
  projects: [
    project('unit', ['<rootDir>/test/unit/**/!(*.long).test.ts']),
    project('cluster', ['<rootDir>/test/cluster/**/!(*.fault|*.third|*.long).test.ts']),
    // Tests that break the third cluster, which nobody else is on then.
    project('third', ['<rootDir>/test/cluster/**/*.third.test.ts']),
    // Tests that break the clusters for everyone on them for a while: they run one by one.
    project('fault', ['<rootDir>/test/cluster/**/*.fault.test.ts']),
    // More of the first kind, which npm test has no time for: stories of which a shorter one is told there.
    project('long-cluster', ['<rootDir>/test/cluster/**/*.long.test.ts']),
    // What npm test has no time for, and all cases of which it tries a part: test/support/thoroughness.ts.
    project('long-unit', ['<rootDir>/test/unit/**/*.{long,more}.test.ts'], { isThorough: true }),
    // What takes many minutes, or wants the machine alone.
    project('long', ['<rootDir>/test/long/**/*.test.ts']),
  ],
};
