/** Command lines of `kubectl nsreplicate` that are refused, and the files that they name. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { contextA, contextB } from './contexts.ts';
import { plugin } from './kubectl.ts';
import { kubeconfigOf } from './limited.ts';
import { Pair } from './nsreplicate.ts';

/** A command line, how it ends, and what it says. */
export type Refused = [what: string, args: () => string[], code: number, says: RegExp];

export const primary = ['--once', '--primary', contextA];
export const ends = [...primary, '--replica', contextB];

/** A folder of a test file's own; gone when the file is through. Resolves names to paths. */
export function ownFolder(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name) => join(folder, name);
}

/** Makes files in a folder, and gives back what names them. */
export const filesIn = (path: (name: string) => string) => ({
  file: (name: string, text: string): string => {
    writeFileSync(path(name), text);
    return path(name);
  },
  /** A folder of files, each made by a function of its path. */
  dir: (name: string, ...files: [name: string, make: (path: string) => unknown][]): string[] => {
    mkdirSync(path(name));
    for (const [file, make] of files) make(join(path(name), file));
    return ['--replica-dir', path(name)];
  },
});

/** Makes a kubeconfig of a cluster. */
export const cluster = (context: string) => (file: string) => kubeconfigOf(context, file, 'default');

/** A KRMSyncer that pulls. */
export const pulling = `apiVersion: syncer.gkelabs.io/v1alpha1
kind: KRMSyncer
metadata: {name: s}
spec:
  mode: pull
  remote: {clusterConfig: {kubeConfigSecretRef: {name: k}}}
  rules: [{group: '', version: v1, kind: ConfigMap, namespaces: [none-such]}]
`;

/** What runs a row, for a `describe` of its own. */
export function refusals(): (...row: Refused) => Promise<void> {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.open('bad');
  });
  afterAll(() => pair.close());
  return async (_what, args, code, says) => {
    const given = args();
    // Some are found out when the task has begun already: its state has to go afterwards.
    const ended = await plugin('nsreplicate', [
      ...given,
      ...(given.includes('--name') ? [] : ['--name', pair.task]),
    ]);
    expect({ code: ended.code, text: ended.stderr }).toEqual({ code, text: expect.stringMatching(says) });
  };
}
