/** What is recorded: each plugin's main job, prepared and typed. */
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { claim, fill, type Stage } from '../cluster/support/stage.ts';
import type { Size } from './terminal.ts';

export interface Recording {
  readonly name: string;
  /** Stands above the picture, and is read to those who can't see it. */
  readonly title: string;
  readonly size: Size;
  /** What has to be there before anything is typed. */
  readonly prepare: (stage: Stage) => Promise<void>;
  /** A shell script, with `run COMMAND` for what a person types. */
  readonly script: string;
}

export const recordings: readonly Recording[] = [
  {
    name: 'x8sync',
    title: 'kubectl x8sync: a claim moves to another cluster',
    size: { columns: 100, rows: 18 },
    prepare: async (stage) => {
      const script = 'cp -a /usr/share /usr/lib /data; head -c 200M /dev/urandom >/data/orders.db';
      await fill(stage, contextA, 'data', script);
      await stage.apply(contextB, claim('data'));
    },
    script: `run 'kubectl x8sync --verify prod-eu/shop/data prod-us/shop/data'`,
  },
];
