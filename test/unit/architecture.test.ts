/** The shape of the house, kept: which way imports go, who owns which library, how large a room may be. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');

interface Room {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** What it imports: packages as written, files as paths from the root. */
  readonly imports: readonly { readonly specifier: string; readonly typeOnly: boolean }[];
}

const statements = [
  /\b(?<keyword>import|export)\s+(?<type>type\s)?(?:[^'"`;()]*?\bfrom\s*)?['"](?<specifier>[^'"]+)['"]/g,
  /\bimport\(\s*['"](?<specifier>[^'"]+)['"]\s*\)/g,
];

function importsOf(path: string, text: string): Room['imports'] {
  return statements.flatMap((statement) =>
    [...text.matchAll(statement)].map(({ groups = {} }) => {
      const { specifier = '', type } = groups;
      const isFile = specifier.startsWith('.');
      return {
        specifier: isFile ? join(dirname(path), specifier).split(sep).join('/') : specifier,
        typeOnly: type !== undefined,
      };
    }),
  );
}

function readRooms(pattern: string): Room[] {
  return globSync(pattern, { cwd: root }).map((file) => {
    const path = relative(root, join(root, file)).split(sep).join('/');
    const text = readFileSync(join(root, file), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });
}

const core = readRooms('src/**/*.ts');
const plugins = readRooms('plugins/**/*.ts');
const all = [...core, ...plugins];
const pluginOf = (path: string) => /^plugins\/([^/]+)\//.exec(path)?.[1];
const isEngine = ({ path }: Room) =>
  pluginOf(path) !== undefined && !path.endsWith('/main.ts') && !path.includes('/commands/');

/**
 * The folders of each house, from the top down: what stands below knows nothing of what stands above. A room that has
 * rooms of its own is a house too.
 */
const floors: Readonly<Record<string, readonly string[]>> = {
  src: ['cli', 'tasks', 'ui', 'ssh', 'kube', 'async', '.'],
  'plugins/x8sync': [
    '.',
    'commands',
    'batch',
    'doctor',
    'cutover',
    'verify',
    'records',
    'run',
    'snapshot',
    'connect',
    'preflight',
    'monitor',
    'claims',
    'objects',
    'schedule',
    'mover',
  ],
  'plugins/nsreplicate': [
    '.',
    'commands',
    'server',
    'controller',
    'failover',
    'preflight',
    'preview',
    'run',
    'status',
    'task',
    'state',
    'reconcile',
    'cache',
    'clusters',
    'decide',
    'objects',
    'rules',
    'jobs',
  ],
  'plugins/devsync': [
    '.',
    'commands',
    'control',
    'config',
    'session',
    'reload',
    'node-agent',
    'launch',
    'agent',
    'spec',
    'wire',
    'sync',
    'reconcile',
  ],
  'plugins/devsync/session': [
    'preview',
    'group',
    'runner',
    'cycle',
    'attach',
    'transfers',
    'ancestor',
    'pods',
    'status',
  ],
  'src/kube': ['streams', 'connect', 'login', 'cluster', 'watch', 'api'],
  'plugins/devsync/sync': [
    'local',
    'apply',
    'trash',
    'contents',
    'metadata',
    '.',
    'scan',
    'ignore',
    'delta',
    'files',
  ],
  'plugins/devsync/commands': ['.', 'live', 'base', 'output'],
  'plugins/nsreplicate/commands': ['.', 'users', 'live', 'output', 'base'],
  'plugins/nsreplicate/controller': ['installation', '.', 'leading', 'access', 'resource'],
  'plugins/nsreplicate/server': [
    '.',
    'certificate',
    'page',
    'routes',
    'accounts',
    'metrics',
    'tasks',
    'http',
  ],
  'plugins/x8sync/commands': ['.', 'options'],
  'plugins/x8sync/objects': ['.', 'manifests'],
  'plugins/x8sync/run': ['copy', '.', 'pods', 'results', 'request'],
  'src/cli': ['run', 'completion', '.'],
  'plugins/x8sync/mover': [
    '.',
    'gate',
    'worker',
    'copy',
    'source',
    'device',
    'parallel',
    'workers',
    'target',
    'verify',
    'tunnel',
    'access',
    'rsync',
    'protocol',
    'ranges',
    'ssh',
    'volume',
    'manifest',
    'system',
  ],
};

/** Every `room → import` that breaks a rule. */
function offences(rooms: readonly Room[], breaks: (specifier: string, room: Room) => boolean): string[] {
  return rooms.flatMap((room) =>
    room.imports
      .filter(({ specifier }) => breaks(specifier, room))
      .map(({ specifier }) => `${room.path} → ${specifier}`),
  );
}

describe('what the test reads', () => {
  test('finds imports of every form', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from 'b';",
      "import 'node:c';",
      "export * from '../d.ts';",
      "const e = await import('./e.ts');",
      "import {\n  f,\n} from 'f';",
    ].join('\n');
    expect(importsOf('src/x/y.ts', text)).toEqual([
      { specifier: 'src/x/a.ts', typeOnly: false },
      { specifier: 'b', typeOnly: true },
      { specifier: 'node:c', typeOnly: false },
      { specifier: 'src/d.ts', typeOnly: false },
      { specifier: 'f', typeOnly: false },
      { specifier: 'src/x/e.ts', typeOnly: false },
    ]);
  });

  test('finds the rooms', () => {
    expect(core.length).toBeGreaterThan(20);
    expect(new Set(plugins.map(({ path }) => pluginOf(path)))).toEqual(
      new Set(['x8sync', 'nsreplicate', 'devsync']),
    );
  });
});

describe('imports', () => {
  test('never lead from the core to a plugin, a script or a test', () => {
    expect(offences(core, (specifier) => /^(plugins|scripts|test)\//.test(specifier))).toEqual([]);
  });

  test('never lead from one plugin to another, to scripts or to tests', () => {
    const wrong = (specifier: string, { path }: Room) =>
      /^(scripts|test)\//.test(specifier) ||
      (specifier.startsWith('plugins/') && pluginOf(specifier) !== pluginOf(path));
    expect(offences(plugins, wrong)).toEqual([]);
  });

  test('never lead from an engine to the command line, the terminal or the process', () => {
    const wrong = (specifier: string) =>
      /^src\/cli\//.test(specifier) ||
      /\/commands\//.test(specifier) ||
      /^plugins\/[^/]+\/main\.ts$/.test(specifier) ||
      /^(clipanion|listr2|(node:)?(process|readline|readline\/promises|tty))$/.test(specifier) ||
      /^src\/ui\/(?!reporter\.ts$|format\.ts$)/.test(specifier);
    expect(offences(plugins.filter(isEngine), wrong)).toEqual([]);
  });

  test.each(Object.entries(floors))('lead down the floors of %s, also between folders', (house, order) => {
    const floorOf = (path: string) => {
      const folder =
        path
          .slice(house.length + 1)
          .split('/')
          .slice(0, -1)[0] ?? '.';
      const floor = order.indexOf(folder);
      if (floor < 0) throw new Error(`${path}: ${folder} is no room of ${house}`);
      return floor;
    };
    const wrong = (specifier: string, { path }: Room) =>
      specifier.startsWith(`${house}/`) && floorOf(specifier) < floorOf(path);
    const rooms = all.filter(({ path }) => path.startsWith(`${house}/`));
    expect(new Set(rooms.map(({ path }) => floorOf(path))).size).toBe(order.length);
    expect(offences(rooms, wrong)).toEqual([]);
  });

  test('have floors wherever a folder has folders of its own', () => {
    const above = (folder: string): string[] => {
      const parent = dirname(folder);
      return parent === '.' || parent === 'plugins' ? [] : [parent, ...above(parent)];
    };
    const houses = new Set(all.flatMap(({ path }) => above(dirname(path))));
    expect([...houses].sort()).toEqual(Object.keys(floors).sort());
  });

  test('never lead back to where they come from, not even for a type', () => {
    const open = new Map(all.map(({ path, imports }) => [path, imports.map(({ specifier }) => specifier)]));
    for (let before = -1; before !== open.size; ) {
      before = open.size;
      // What leads nowhere is in no circle, and what leads only there neither.
      for (const [path, imports] of open) if (!imports.some((other) => open.has(other))) open.delete(path);
    }
    expect([...open.keys()]).toEqual([]);
  });

  test('of the demo, the benchmarks and the recordings lead to nothing that only jest can load', () => {
    const rooms = new Map([...all, ...readRooms('test/**/*.ts')].map((room) => [room.path, room]));
    const reached = [...rooms.keys()].filter((path) => /^test\/(demo|bench|recordings)\//.test(path));
    expect(reached).toContain('test/demo/main.ts');
    // Those that are added while it goes on are gone through as well.
    const seen = new Set(reached);
    for (const path of seen)
      for (const { specifier, typeOnly } of rooms.get(path)?.imports ?? [])
        if (!typeOnly && rooms.has(specifier)) seen.add(specifier);
    const needJest = ({ imports }: Room) => imports.some(({ specifier }) => specifier === '@jest/globals');
    expect([...seen].filter((path) => needJest(rooms.get(path) as Room))).toEqual([]);
  });

  test('of a foreign library are in the folder that owns it', () => {
    const owners: Readonly<Record<string, string>> = {
      clipanion: 'src/cli/',
      listr2: 'src/ui/',
      'string-width': 'src/ui/',
      ssh2: 'src/ssh/',
      '@kubernetes/client-node': 'src/kube/',
      'openid-client': 'src/kube/login/',
      undici: 'src/kube/',
      ws: 'src/kube/',
      diff: 'plugins/nsreplicate/decide/',
      'node-diff3': 'plugins/devsync/reconcile/',
      fastify: 'plugins/nsreplicate/server/http/',
      'prom-client': 'plugins/nsreplicate/server/metrics/',
      bcryptjs: 'plugins/nsreplicate/server/accounts/',
      jose: 'plugins/nsreplicate/server/accounts/',
    };
    const wrong = (specifier: string, { path }: Room) => {
      const [library] = Object.keys(owners).filter(
        (name) => specifier === name || specifier.startsWith(`${name}/`),
      );
      return library !== undefined && !path.startsWith(owners[library] ?? '');
    };
    expect(offences(all, wrong)).toEqual([]);
  });
});

describe('rooms', () => {
  test('of the core name no plugin', () => {
    const named = core.filter(({ text }) => {
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /x8sync|nsreplicate|devsync/.test(code);
    });
    expect(named.map(({ path }) => path)).toEqual([]);
  });

  test('of engines leave the process alone', () => {
    const touching = plugins.filter(isEngine).filter(({ text }) => /\bprocess\.\w|\bconsole\.\w/.test(text));
    expect(touching.map(({ path }) => path)).toEqual([]);
  });

  test('have at most 400 lines', () => {
    const everywhere = [...all, ...readRooms('scripts/**/*.ts'), ...readRooms('test/**/*.ts')];
    const large = everywhere.filter(({ text }) => text.split('\n').length > 401);
    expect(large.map(({ path }) => path)).toEqual([]);
  });
});
