/** What is recorded: each plugin's main job, prepared and typed. */
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { claim, fill, forgetTask, type Stage, workload } from '../cluster/support/stage.ts';
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
  /** A shell script that takes away what the namespace's end does not. */
  readonly tidy?: string;
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
  {
    name: 'nsreplicate',
    title: 'kubectl nsreplicate: a standby that follows',
    size: { columns: 100, rows: 20 },
    prepare: async (stage) => {
      const settings = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings' },
        data: { a: 'b' },
      };
      await stage.apply(contextA, settings, ...['web', 'api', 'search'].map((name) => workload(name)));
      const kinds = ['ConfigMap', 'Secret', 'Service'].map((kind) => ({ group: '', kind }));
      const rules = [...kinds, { group: 'apps', kind: 'Deployment' }];
      const task = {
        name: 'dr',
        primary: 'prod',
        replicas: ['standby'],
        namespaces: ['shop'],
        rules,
        standby: true,
      };
      stage.write('dr.yaml', JSON.stringify(task));
    },
    script: `
run 'kubectl nsreplicate plan --config dr.yaml | tail -n 12'
( sleep 8; for i in 1 2 3 4 5 6; do kubectl -n shop create configmap order-$i --from-literal=n=$i; sleep 0.7; done
  kubectl -n shop delete configmap order-1 ) >/dev/null 2>&1 &
type 'kubectl nsreplicate --config dr.yaml'
timeout --foreground --signal INT 18 kubectl nsreplicate --config dr.yaml
sleep 1`,
    tidy: forgetTask,
  },
  {
    name: 'devsync',
    title: 'kubectl devsync: a save is in the container',
    size: { columns: 100, rows: 20 },
    prepare: async (stage) => {
      const script = 'mkdir -p /app/src; echo one >/app/src/app.ts; exec sleep infinity';
      await stage.apply(contextA, workload('web', { script }));
      await stage.kubectl(contextA, 'rollout', 'status', 'deployment/web', '--timeout=120s');
      for (const name of ['server', 'routes', 'index']) stage.write(`src/${name}.ts`, 'export {};\n');
      stage.write(
        '.devsync.yaml',
        'namespace: shop\nsyncs:\n  web: {selector: app=web, local: ./src, remote: /app/src}\n',
      );
    },
    script: `
( sleep 9; echo 'export const a = 1;' >src/server.ts; sleep 2; cp src/server.ts src/client.ts; sleep 2
  kubectl -n shop exec deployment/web -c app -- bash -c 'echo built >/app/src/build.log'; sleep 2; rm src/routes.ts ) >/dev/null 2>&1 &
type 'kubectl devsync up'
timeout --foreground --signal INT 20 kubectl devsync up --yes
sleep 1`,
    tidy: 'kubectl devsync down --yes',
  },
];
