/** How each block of commands in the documents is run: what has to be there, what a person would type, what ends it. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contextA, contextB } from '../../cluster/support/contexts.ts';
import {
  claim,
  fill,
  forgetTask,
  type Stage,
  type StageOptions,
  workload,
} from '../../cluster/support/stage.ts';
import { blockThatBegins } from '../../support/command-blocks.ts';

export interface Case {
  /** What the block's script begins with. */
  readonly begins: string;
  /** What has to be there, that the document does not say how to make. */
  readonly before?: (stage: Stage) => Promise<void>;
  /** What a person types meanwhile. */
  readonly input?: string;
  /** It wants a terminal; what goes on has one of its own in any case. */
  readonly atTerminal?: boolean;
  /** A command that goes on until somebody ends it, as the reader does in another terminal. */
  readonly goesOn?: { readonly command: RegExp; readonly until: string };
  /** Its commands may end with 5 (conflicts, something to do), which does not keep a person from typing the next one. */
  readonly mayEndWith5?: boolean;
  /** Seconds that a person waits for it at the most, with all that it pulls and waits for. */
  readonly within?: number;
  /** Runs in the project's folder, and not in one of its own. */
  readonly inProject?: boolean;
  /** With a /usr/local/bin of its own, and a registry on this machine under the names that documents give it. */
  readonly apart?: boolean;
  /** A shell script that goes before it, in the same view of the machine. */
  readonly first?: string;
  /** A shell script that must end well afterwards. */
  readonly after?: string;
}

export interface Documented extends StageOptions {
  readonly prepare?: (stage: Stage) => Promise<void>;
  readonly blocks: readonly Case[];
  /** A shell script that takes away what the namespaces' end does not. */
  readonly tidy?: string;
}

const project = join(import.meta.dirname, '..', '..', '..');
const read = (name: string) => readFileSync(join(project, name), 'utf8');
const someFiles =
  'mkdir /data/a; for i in {1..200}; do echo $i >/data/a/$i; done; head -c 5M /dev/urandom >/data/b';
const password = 'a password of some length';

/** The task of a document, as that shows it. */
const taskFile = (stage: Stage, document: string) =>
  stage.write('dr.yaml', blockThatBegins(read(document), 'name: dr'));

async function shopWorkloads(stage: Stage): Promise<void> {
  const configuration = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data: { a: 'b' },
  };
  await stage.apply(contextA, configuration, workload('web', { replicas: 2 }));
}

/** A class `fast` that is like the one of the lab in memory. */
async function fastClass(stage: Stage): Promise<void> {
  const found = JSON.parse(await stage.kubectl(contextA, 'get', 'storageclass', 'tmpfs', '-o', 'json'));
  await stage.apply(contextA, { ...found, metadata: { name: 'fast' } });
}

/** What a new user is promised until `up` runs. */
const fiveMinutes = 300;
const inSync = `kubectl devsync get web -n shop -o json | grep -q '"phase": *"watching"'`;

/** A Deployment `web`, a folder of sources, and what says that they belong together. */
async function devsyncFiles(stage: Stage): Promise<void> {
  const script = 'mkdir -p /app/src; echo one >/app/src/app.ts; exec sleep infinity';
  await stage.apply(contextA, workload('web', { script }));
  await stage.kubectl(contextA, 'rollout', 'status', 'deployment/web', '--timeout=120s');
  stage.write('src/index.ts', 'export {};\n');
  stage.write('.devsync.yaml', blockThatBegins(read('docs/devsync.md'), 'namespace: shop'));
}

/** Both sides change one file while nothing is synced. */
async function makeConflict(stage: Stage): Promise<void> {
  await stage.sh(`kubectl devsync pause web -n shop
echo here >src/app.ts
kubectl -n shop exec deployment/web -- bash -c 'echo there, and longer >/app/src/app.ts'
kubectl devsync resume web -n shop || test $? = 5`);
}

export const cases: Readonly<Record<string, Documented>> = {
  'README.md': {
    blocks: [
      {
        begins: 'kubectl x8sync doctor',
        before: async (stage) => {
          await fill(stage, contextA, 'data', someFiles);
          await stage.apply(contextB, claim('data'));
        },
      },
      {
        begins: 'kubectl nsreplicate plan',
        before: shopWorkloads,
        mayEndWith5: true,
        after: 'kubectl --context standby -n shop get deployment web',
      },
      {
        begins: 'cat .devsync.yaml',
        before: devsyncFiles,
        input: 'y\n',
        atTerminal: true,
        goesOn: { command: /devsync up/, until: inSync },
        within: fiveMinutes,
        after: 'kubectl devsync down --yes',
      },
      { begins: 'X8S_KUBECONFIG=~/.kube/config', inProject: true },
      {
        begins: 'npm run package',
        inProject: true,
        apart: true,
        after:
          '/usr/local/bin/kubectl-x8sync --version && /usr/local/bin/kubectl_complete-x8sync __complete -- --',
      },
      {
        begins: 'npm run archives',
        inProject: true,
        after: '~/.krew/bin/kubectl-x8sync --version',
      },
    ],
    tidy: 'kubectl nsreplicate forget --primary prod --yes',
  },
  'docs/completion.md': {
    blocks: [
      {
        begins: 'kubectl x8sync completion install',
        apart: true,
        first: 'cp "$(command -v kubectl-x8sync)" /usr/local/bin; hash -r',
        after: '/usr/local/bin/kubectl_complete-x8sync __complete -- --',
      },
      { begins: 'source <(kubectl-x8sync' },
    ],
  },
  'docs/controller.md': {
    namespaces: ['team-a', 'team-b'],
    namespace: 'default',
    blocks: [
      {
        begins: 'kubectl nsreplicate controller',
        goesOn: { command: /controller --context/, until: 'kubectl get krmsyncers -A' },
      },
      { begins: 'kubectl nsreplicate install' },
      {
        begins: 'kubectl config view',
        after: 'kubectl get krmsyncer configmap-sync && kubectl nsreplicate uninstall --yes',
      },
    ],
    tidy: 'kubectl delete krmsyncer configmap-sync; kubectl delete secret standby-kubeconfig; kubectl nsreplicate uninstall --yes --delete-definition',
  },
  'docs/devsync.md': {
    prepare: devsyncFiles,
    blocks: [
      {
        begins: 'kubectl devsync up',
        input: 'y\n',
        atTerminal: true,
        goesOn: { command: /devsync up/, until: inSync },
        within: fiveMinutes,
      },
      {
        begins: 'kubectl devsync get  ',
        before: makeConflict,
        mayEndWith5: true,
        after: 'cmp src/app.ts <(echo here) && ! kubectl devsync get web -n shop',
      },
      {
        begins: 'kubectl devsync init -n shop',
        input: 'y\n',
        atTerminal: true,
        before: async (stage) => rmSync(join(stage.folder, '.devsync.yaml')),
      },
      { begins: 'kubectl devsync rbac -n shop', after: 'kubectl get role,rolebinding devsync -n shop' },
      { begins: 'kubectl devsync create -l app=web --pods all' },
      {
        begins: 'kubectl devsync create -l app=web --on-change',
        before: async (stage) => {
          await stage.sh('kubectl devsync get -o name | xargs -r kubectl devsync delete');
        },
      },
    ],
    tidy: 'kubectl devsync watch stop',
  },
  'docs/node-agent.md': {
    namespaces: ['shop'],
    blocks: [
      { begins: 'kubectl devsync init --node-agent' },
      { begins: 'kubectl devsync doctor -n shop', input: 'y\n', atTerminal: true },
    ],
    tidy: 'kubectl devsync uninstall --yes',
  },
  'docs/failover.md': {
    namespaces: ['shop', 'pay'],
    prepare: async (stage) => {
      await shopWorkloads(stage);
      taskFile(stage, 'docs/failover.md');
      await stage.sh('kubectl nsreplicate --config dr.yaml --once');
      await stage.sh('kubectl nsreplicate promote standby --name dr --primary prod --yes');
    },
    blocks: [
      {
        begins: 'kubectl nsreplicate demote prod',
        input: 'y\n',
        atTerminal: true,
        mayEndWith5: true,
        after: 'test "$(kubectl --context prod -n shop get deployment web -o jsonpath={.spec.replicas})" = 0',
      },
    ],
    tidy: forgetTask,
  },
  'docs/images.md': {
    blocks: [
      {
        begins: 'for image in',
        apart: true,
        inProject: true,
        // What a release has published by then.
        first: 'npm run images -- --platform all --push x8s.dev',
        after: 'skopeo inspect --raw docker://registry.example.com/x8s/mover:0.1.0',
      },
      { begins: 'npm run images  ', inProject: true },
      { begins: 'npm run images -- --platform all --push', apart: true, inProject: true },
    ],
  },
  'docs/lab.md': { blocks: [{ begins: 'npm run lab -- up', inProject: true }] },
  'docs/nsreplicate.md': {
    namespaces: ['shop', 'pay'],
    prepare: async (stage) => {
      await shopWorkloads(stage);
      taskFile(stage, 'docs/nsreplicate.md');
      stage.write('credentials.json', JSON.stringify({ username: 'alice', password }));
    },
    blocks: [
      {
        begins: 'kubectl nsreplicate users add',
        input: `${password}\n`,
        goesOn: { command: /--listen/, until: 'curl -sf localhost:8080/readyz' },
      },
      { begins: 'curl -s localhost:8080/api/login' },
      { begins: 'kubectl nsreplicate get --config dr.yaml' },
      { begins: 'kubectl nsreplicate rbac --config dr.yaml' },
    ],
    tidy: `kubectl nsreplicate users remove alice --primary prod; ${forgetTask}`,
  },
  'docs/x8sync.md': {
    prepare: async (stage) => {
      await fill(stage, contextA, 'data', someFiles);
      await stage.apply(contextB, claim('data'), claim('db-data'), claim('uploads'));
    },
    blocks: [
      { begins: 'kubectl x8sync --dry-run prod-eu/shop/data' },
      {
        begins: 'kubectl x8sync --cutover --downtime-goal',
        before: async (stage) => {
          const kind = 'StatefulSet';
          const script = 'echo row >/data/rows; exec sleep infinity';
          await stage.apply(contextA, claim('db-data'), workload('db', { kind, claim: 'db-data', script }));
          await stage.apply(contextB, workload('db', { kind, claim: 'db-data', replicas: 0 }));
          await stage.kubectl(contextA, 'rollout', 'status', 'statefulset/db', '--timeout=120s');
        },
        after: 'kubectl --context prod-us -n shop rollout status statefulset/db --timeout=60s',
      },
      {
        begins: 'kubectl x8sync --all --create-target',
        before: async (stage) => {
          // Another job: nothing of it was cut over before, which would be refused.
          const gone = ['statefulset/db', 'pvc/db-data'];
          await stage.kubectl(contextB, 'delete', ...gone, '--wait', '--timeout=60s');
        },
      },
      {
        begins: 'kubectl x8sync --every 15m',
        // What follows copies to that claim, too.
        after: 'kubectl x8sync cancel fresh --context prod-us -n shop',
      },
      {
        begins: 'kubectl x8sync --cutover --then repoint',
        before: async (stage) => {
          await fastClass(stage);
          const script = 'echo one >/data/one; exec sleep infinity';
          await stage.apply(contextA, claim('uploads'), workload('uploads', { claim: 'uploads', script }));
          await stage.kubectl(contextA, 'rollout', 'status', 'deployment/uploads', '--timeout=120s');
        },
        after: "kubectl -n shop get deployment uploads -o yaml | grep -q 'claimName: uploads-fast'",
      },
      { begins: 'kubectl x8sync --strategy relay' },
      { begins: 'kubectl x8sync --push' },
      { begins: 'kubectl x8sync --delete --yes' },
      { begins: 'kubectl x8sync rbac --strategy nodeport' },
      { begins: 'export X8SYNC_IMAGE=' },
    ],
    tidy: 'kubectl delete storageclass fast',
  },
};

/** The case of a block, if there is one. */
export const caseOf = (document: string, script: string): Case | undefined =>
  cases[document]?.blocks.find(({ begins }) => script.startsWith(begins));

/** Blocks that no test runs, with the reason. */
const ownTests = 'runs the tests, this one among them';
export const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'README.md': {
    [`npm run demo    # two real clusters on this machine, real files, one copy, both sides compared
npm test        # unit tests, then tests on those clusters; the last line is the sum`]: ownTests,
  },
  'CONTRIBUTING.md': {
    'X8S_KUBECONFIG=~/.kube/config X8S_CONTEXT_A=one X8S_CONTEXT_B=two npm test': ownTests,
  },
  'docs/images.md': {
    [`npm run build
docker build -t registry.example.com/x8s/mover:0.1.0 -f images/mover/Dockerfile .
docker build -t registry.example.com/x8s/controller:0.1.0 -f images/controller/Dockerfile .`]:
      'wants Docker and a registry that has its base images',
  },
};
