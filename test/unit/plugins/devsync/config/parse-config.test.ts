import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BrokenConfig,
  readConfig,
  readNamedTarget,
} from '../../../../../plugins/devsync/config/config-file.ts';
import {
  configDigest,
  explainConfig,
  isConfirmed,
  isConfirmedTarget,
  isKnownFile,
  rememberConfirmed,
  rememberTarget,
} from '../../../../../plugins/devsync/config/confirmed.ts';
import { type NamedTarget, parseConfig } from '../../../../../plugins/devsync/config/parse-config.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { UsageError } from '../../../../../src/errors.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'devsync-config-')));
  mkdirSync(join(folder, 'project/src/deep'), { recursive: true });
  mkdirSync(join(folder, 'elsewhere'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const project = () => join(folder, 'project');
const place = () => ({
  file: join(project(), '.devsync.yaml'),
  folder: project(),
  workstation: { id: 'w', who: 'alice@laptop' },
});
const parse = (text: string) => parseConfig(text, place());

/** What is said of a text, without the folder's name. */
function complaint(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message.replaceAll(`${folder}/`, '');
  }
  throw new Error('it was taken');
}

const full = `
context: dev
namespace: shop
syncs:
  web:
    selector: app=web
    pods: all
    writer: web-0
    container: [app, worker]
    local: ./src
    remote: /app//src/
    ignore: ['*.log']
    useGitignore: true
    trashLimit: 8
    onChange:
      - '*.ts=exec:npm run build'
    reloadEvery: 500ms
    write:
      - { pattern: '*.conf', mode: in-place }
  all:
    pod: tool-0
    container: app
    remote: /all
    mode: one-way-replica
    from: container
    takeGit: true
    times: kept
    write: in-place
`;

describe('a file', () => {
  test('names several syncs, with the fields of create and its defaults', () => {
    const { context, namespace, syncs } = parse(full);
    expect([context, namespace, syncs.map(({ name }) => name)]).toEqual(['dev', 'shop', ['web', 'all']]);
    expect(syncs[0]?.spec).toMatchObject({
      target: {
        selector: 'app=web',
        container: 'app',
        containers: ['app', 'worker'],
        everyPod: true,
        writer: 'web-0',
      },
      local: { path: join(project(), 'src'), workstation: 'w' },
      remote: '/app/src',
      mode: 'two-way-safe',
      ignore: ['*.log'],
      useGitignore: true,
      takeGit: false,
      reload: {
        every: 500,
        rules: [{ pattern: '*.ts', action: { kind: 'exec', command: 'npm run build' } }],
      },
      trashLimits: { local: 8 << 20, container: 2 << 20 },
      write: [{ pattern: '*.conf', mode: 'in-place' }],
    });
    expect(syncs[1]?.spec).toMatchObject({
      target: { pod: 'tool-0', container: 'app' },
      local: { path: project() },
      mode: 'one-way-replica',
      from: 'container',
      takeGit: true,
      scan: { times: 'kept' },
      write: [{ pattern: '*', mode: 'in-place' }],
    });
  });

  const one = (fields: string) => `syncs:\n  web:\n    remote: /app\n${fields.replace(/^/gm, '    ')}\n`;

  test.each([
    ['', /project\/\.devsync\.yaml is empty/],
    ['syncs: {}', /^project\/\.devsync\.yaml:1:8: syncs: names no sync\.$/],
    ['sync: {}', /:1:1: unknown key "sync"/],
    [one('selektor: app=web'), /:4:5: unknown key "syncs\.web\.selektor"/],
    [one('selector: 3'), /:4:15: syncs\.web\.selector: must be a text/],
    [one('local: src'), /:3:5: syncs\.web: give either selector or pod/],
    [one('pod: a\npods: all'), /syncs\.web: pods all needs a selector/],
    [one('pod: a\nreloadEvery: 5s'), /syncs\.web: say what to reload: onChange PATTERN=ACTION/],
    [one('pod: a\nreloadOnFirstSync: true'), /syncs\.web: say what to reload: onChange PATTERN=ACTION/],
    [one('pod: a\nmode: both'), /:5:11: syncs\.web\.mode: must be one of two-way-safe/],
    [one('pod: a\nonChange: [a=b]'), /:5:16: syncs\.web\.onChange\[0\]: .*is no rule/],
    [one('pod: a\nreloadEvery: often'), /:5:18: syncs\.web\.reloadEvery: must be a duration/],
    [one('pod: a\ntrashLimit: 0'), /:5:17: syncs\.web\.trashLimit: must be a whole number of MiB/],
    [one('pod: a\nrunAs: root'), /:5:12: syncs\.web\.runAs: "root" is no UID\[:GID\]/],
    [one('pod: a\nrunAs: 1.5'), /:5:12: syncs\.web\.runAs: "1\.5" is no UID\[:GID\]/],
    [one('pod: a\nrunAs: [1000]'), /:5:12: syncs\.web\.runAs: /],
    [one('pod: a\nwrite: over'), /:5:12: syncs\.web\.write: must be one of replace, in-place/],
    [one('pod: a\nwrite: [{mode: in-place}]'), /:5:13: syncs\.web\.write\[0\]: needs a pattern and a mode/],
    [one('pod: a\npod: b'), /:5:5: not YAML: Map keys must be unique/],
    ['syncs:\n  Web:\n    pod: a\n    remote: /a', /:3:5: syncs\.Web: "Web" can't be the name/],
    ['syncs:\n  stop:\n    pod: a\n    remote: /a', /syncs\.stop: a sync cannot be named stop/],
    ['syncs:\n  web:\n    pod: a', /:3:5: syncs\.web: remote is missing/],
    ['syncs:\n  web:\n    pod: a\n    remote: app', /:4:13: syncs\.web\.remote: .*not an absolute path/],
  ])('%j is refused with its line and field', (text, message) => {
    expect(complaint(text)).toMatch(message);
  });

  test.each([
    ['1000', { uid: 1000, gid: undefined }],
    ['"1000"', { uid: 1000, gid: undefined }],
    ['1000:2000', { uid: 1000, gid: 2000 }],
    ['0', { uid: 0, gid: undefined }],
  ])('may say runAs: %s', (written, user) => {
    expect(parse(one(`pod: a\nrunAs: ${written}`)).syncs[0]?.spec.runAs).toEqual(user);
  });

  test('may have the line ends of Windows', () => {
    const taken = parse(full.replaceAll('\n', '\r\n'));
    expect({ ...taken, text: full }).toEqual(parse(full));
  });

  test('keeps its paths below its own folder, also where links lead', () => {
    symlinkSync('../elsewhere', join(project(), 'out'));
    symlinkSync('src', join(project(), 'in'));
    const at = (path: string) => `syncs:\n  web:\n    pod: a\n    remote: /a\n    local: ${path}\n`;
    expect(complaint(at('../elsewhere'))).toMatch(/:5:12: syncs\.web\.local: local leads out of the folder/);
    expect(complaint(at('out'))).toMatch(/:5:12: syncs\.web\.local: local leads out .*elsewhere/);
    expect(complaint(at(join(folder, 'elsewhere')))).toMatch(/local is a path from the folder of this file/);
    expect(complaint(at('src/none'))).toMatch(/local "src\/none" does not exist/);
    expect(parse(at('in')).syncs[0]?.spec.local.path).toBe(join(project(), 'src'));
    expect(parse(at('.')).syncs[0]?.spec.local.path).toBe(project());
  });
});

describe('on a workstation', () => {
  const workstation = () => new Workstation(join(folder, 'state'), 'linux');
  const cluster = { context: 'dev', server: 'https://dev' };

  test('the nearest file upwards is taken, or the one that is named and has such a name', () => {
    writeFileSync(join(project(), '.devsync.yaml'), full);
    writeFileSync(join(project(), 'staging.devsync.yaml'), full.replace('shop', 'staging'));
    writeFileSync(join(project(), 'src/other.yaml'), full);
    const deep = join(project(), 'src/deep');
    expect(readConfig(deep, undefined, workstation()).file).toBe(join(project(), '.devsync.yaml'));
    const named = (name: string) => readConfig(deep, join(project(), name), workstation());
    expect(named('staging.devsync.yaml').namespace).toBe('staging');
    expect(() => named('src/other.yaml')).toThrow(/does not end with \.devsync\.yaml/);
    expect(() => named('none.devsync.yaml')).toThrow(/none\.devsync\.yaml cannot be read/);
    expect(() => readConfig(join(folder, 'elsewhere'), undefined, workstation())).toThrow(
      /there is no \.devsync\.yaml in .*elsewhere, nor in a directory above it/,
    );
  });

  test('where a file leads is confirmed with any of its versions, and read though its syncs are wrong', () => {
    const path = join(project(), '.devsync.yaml');
    const named = (text: string) => {
      writeFileSync(path, text);
      return readNamedTarget(join(project(), 'src/deep'));
    };
    expect(named('context: dev\nnamespace: shop\nsyncs: {web: {remote: 1}}\n')).toEqual({
      file: path,
      context: 'dev',
      namespace: 'shop',
    });
    expect(readNamedTarget(join(folder, 'elsewhere'))).toBeUndefined();
    expect(() => named('syncs: [')).toThrow(/project\/\.devsync\.yaml/);
    rememberTarget(workstation(), parse(full));
    const isConfirmedAs = (text: string) => isConfirmedTarget(workstation(), named(text) as NamedTarget);
    const head = 'context: dev\nnamespace: shop\n';
    expect(isConfirmedAs(`${head}syncs: {}\n`)).toBe(true);
    expect(isConfirmedAs(head.replace('shop', 'prod'))).toBe(false);
    expect(isConfirmedAs(head.replace('dev', 'prod'))).toBe(false);
    expect(isConfirmedTarget(workstation(), { ...parse(full), file: '/tmp/.devsync.yaml' })).toBe(false);
  });

  test('a version of a file is confirmed once, for one cluster and namespace; commands are shown in full', () => {
    const config = parse(full);
    const target = { cluster, namespace: 'shop' };
    const digest = configDigest(config, target);
    expect(isConfirmed(workstation(), digest)).toBe(false);
    rememberConfirmed(workstation(), digest, config);
    expect(isConfirmed(workstation(), digest)).toBe(true);
    const others = [
      configDigest(parse(`${full}\n`), target),
      configDigest(config, { ...target, namespace: 'prod' }),
      configDigest(config, { ...target, cluster: { ...cluster, server: 'https://prod' } }),
      configDigest({ ...config, file: '/tmp/.devsync.yaml' }, target),
      // Another cluster at the same address.
      configDigest(config, { ...target, clusterUid: 'other' }),
    ];
    expect(others.some((one) => isConfirmed(workstation(), one))).toBe(false);
    expect(explainConfig(config, target).map((line) => line.replaceAll(`${folder}/`, ''))).toEqual([
      'project/.devsync.yaml syncs with namespace shop of https://dev (context dev):',
      '  web: project/src ⇄ /app/src in all pods app=web (two-way-safe)',
      '    reloads in the container: *.ts=exec:npm run build',
      '  all: project ← /all in pod tool-0 (one-way-replica)',
      '    .git and its like come from the container: their hooks would run here',
    ]);
    const long = `true ${'x'.repeat(3000)}; evil\u001b[2K`;
    const hidden = parse(
      full.replace('npm run build', long).replace("'*.ts", '"*.ts').replace("\u001b[2K'", '\\e[2K"'),
    );
    const [, , command] = explainConfig(hidden, target);
    expect(command).toMatch(/; evil\\u\{1b\}\[2K$/);
  });
});

test('a file that cannot be read is told from others, and known where it was confirmed in any version', () => {
  const workstation = new Workstation(join(folder, 'state'), 'linux');
  const file = join(project(), '.devsync.yaml');
  expect(isKnownFile(workstation, file)).toBe(false);
  const target = { cluster: { context: 'dev', server: 'https://a' }, namespace: 'shop' };
  const config = { file, text: full, context: undefined, namespace: undefined, syncs: [] };
  rememberConfirmed(workstation, configDigest(config, target), config);
  expect(isKnownFile(workstation, file)).toBe(true);
  expect(isKnownFile(workstation, join(folder, '.devsync.yaml'))).toBe(false);
  for (const text of ['syncs: [', 'sinks: {}']) {
    writeFileSync(file, text);
    try {
      readNamedTarget(join(project(), 'src'));
      throw new Error('it was taken');
    } catch (error) {
      expect(error).toBeInstanceOf(BrokenConfig);
      expect(error).toMatchObject({ file, exitCode: 2 });
    }
  }
});
