/** API servers of one's own for the tests of a `describe`. */
import { afterAll, beforeAll } from '@jest/globals';
import { identify, type Site } from '../../../plugins/nsreplicate/engine/site.ts';
import { type SoloOptions, type SoloServer, startSolo } from './solo-server.ts';

export interface Scene {
  readonly servers: readonly SoloServer[];
  readonly sites: readonly Site[];
  readonly primary: Site;
  readonly replicas: readonly Site[];
}

/** API servers of one's own for the tests of this `describe`; the first is the primary. */
export function withServers(names: readonly string[], options: SoloOptions = {}): () => Scene {
  let scene: Scene | undefined;
  beforeAll(async () => {
    const servers = await Promise.all(names.map((name) => startSolo(name, options)));
    const sites = await Promise.all(
      servers.map(async (server) => identify(server.context, await server.client())),
    );
    scene = { servers, sites, primary: sites[0] as Site, replicas: sites.slice(1) };
  }, 120_000);
  afterAll(async () => {
    await Promise.all(scene?.servers.map((server) => server.remove()) ?? []);
  }, 60_000);
  return () => {
    if (!scene) throw new Error('there are no servers before the tests begin');
    return scene;
  };
}
