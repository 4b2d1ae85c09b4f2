/** API servers of one's own for the tests of a `describe`. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { isLab } from './contexts.ts';
import { type SoloOptions, type SoloServer, startSolo } from './solo-server.ts';

export interface Servers {
  readonly all: readonly SoloServer[];
  named(name: string): SoloServer;
}

/** A `describe` with API servers of its own; left out where the tests run on somebody else's clusters. */
export function describeWithServers(
  title: string,
  names: readonly string[],
  tests: (servers: () => Servers) => void,
  options: SoloOptions = {},
): void {
  (isLab ? describe : describe.skip)(title, () => {
    let all: SoloServer[] = [];
    beforeAll(async () => {
      all = await Promise.all(names.map((name) => startSolo(name, options)));
    });
    const named = (name: string) => {
      const found = all.find(({ context }) => context === name);
      if (!found) throw new Error(`there is no server ${name}`);
      return found;
    };
    tests(() => ({ all, named }));
    // After the hooks of the tests, which still need the servers.
    afterAll(async () => {
      await Promise.all(all.map((server) => server.remove()));
    });
  });
}
