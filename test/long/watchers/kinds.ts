/**
 * Programs that watch files, and how each is started on a directory. Each tells of what it has seen by a line in a log
 * outside of that directory: the text of the file that is saved.
 */
export interface Kind {
  readonly name: string;
  /** By path; what they say of `LOG` is the log's path, of `TEXT` what is saved. */
  readonly files: Readonly<Record<string, string>>;
  /** The file that is saved. */
  readonly saved: string;
  /** Run by a shell in the directory; `$LOG` and `$MODULES` are set. */
  readonly command: string;
  /** What it says once it watches, where its first line in the log does not tell. */
  readonly ready?: RegExp;
  /** Milliseconds between two looks of a program that polls. */
  readonly interval?: number;
  /** It watches the file itself (its inode), so that it sees nothing any more once that was replaced. */
  readonly losesReplaced?: boolean;
  /** It takes the first event of a file at once, and a write in place has more than one. */
  readonly doublesInPlace?: boolean;
}

/** Packages of npm that some of them are. */
export const watchersOfNpm = {
  chokidar: '6.0.0',
  jest: '30.5.2',
  nodemon: '3.1.14',
  typescript: '7.0.2',
  vite: '8.4.0',
  webpack: '5.113.0',
  'webpack-cli': '7.3.1',
};

/** What the saved file of a kind holds when this text is saved. */
export const textOf = (kind: Kind, text: string): string =>
  (kind.files[kind.saved] as string).replaceAll('TEXT', text);

const note = `require('node:fs').appendFileSync(process.env.LOG, 'TEXT\\n');`;
const program = { 'main.js': `${note} setInterval(() => {}, 1e6);` };
const webpack = `module.exports = { mode: 'development', entry: './main.js', output: { path: process.env.LOG + '.out' },
  plugins: [{ apply: (compiler) => compiler.hooks.done.tap('log', (stats) =>
    require('node:fs').appendFileSync(process.env.LOG, require('node:fs').readFileSync('main.js', 'utf8'))) }] };`;

const vite = `import { appendFileSync } from 'node:fs';
export default { server: { host: '127.0.0.1', port: 0, hmr: { port: 0 } }, cacheDir: process.env.LOG + '.cache', plugins: [{ name: 'log',
  configureServer: (server) => { server.watcher.on('ready', () => appendFileSync(process.env.LOG, '0\\n')); },
  handleHotUpdate: async ({ read, file }) => appendFileSync(process.env.LOG, await read()) }] };`;

const chokidar = `import { watch } from 'chokidar'; import { appendFileSync, readFileSync } from 'node:fs';
watch('.').on('ready', () => appendFileSync(process.env.LOG, '0\\n')).on('all', (event, path) => {
  if (path === 'file' && event !== 'add') appendFileSync(process.env.LOG, readFileSync(path)); });`;

const watchdog = `import os, time
from watchdog.observers import Observer
from watchdog.events import FileSystemEventHandler
def note(text):
  with open(os.environ['LOG'], 'a') as log: log.write(text)
class Handler(FileSystemEventHandler):
  def on_closed(self, event):
    if os.path.basename(event.src_path) == 'file': note(open('file').read())
  on_created = on_closed
observer = Observer(); observer.schedule(Handler(), '.', recursive=True); observer.start()
note('0\\n')
time.sleep(1e6)
`;

const django = `import os, sys
from django.conf import settings
from django.core.management import execute_from_command_line
settings.configure(DEBUG=True, ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'], SECRET_KEY='x')
urlpatterns = []
if os.environ.get('RUN_MAIN') == 'true':
  with open(os.environ['LOG'], 'a') as log: log.write('TEXT\\n')
execute_from_command_line([sys.argv[0], 'runserver', '127.0.0.1:0'])
`;

const flask = `import os
from flask import Flask
app = Flask(__name__)
if os.environ.get('WERKZEUG_RUN_MAIN') == 'true':
  with open(os.environ['LOG'], 'a') as log: log.write('TEXT\\n')
`;

export const kinds: readonly Kind[] = [
  {
    name: 'node --watch',
    files: program,
    saved: 'main.js',
    command: 'exec node --watch main.js',
    losesReplaced: true,
  },
  {
    name: 'node --watch-path',
    files: program,
    saved: 'main.js',
    command: 'exec node --watch-path=. main.js',
    losesReplaced: true,
  },
  {
    name: 'nodemon',
    files: program,
    saved: 'main.js',
    command: 'exec $MODULES/.bin/nodemon --verbose main.js',
    ready: /watching \d+ file/,
  },
  {
    name: 'chokidar',
    files: { file: 'TEXT\n', 'watch.mjs': chokidar },
    saved: 'file',
    command:
      'mkdir $LOG.d; ln -s $MODULES $LOG.d/node_modules; cp watch.mjs $LOG.d; exec node $LOG.d/watch.mjs',
  },
  {
    name: 'webpack --watch',
    files: { 'main.js': '//TEXT\n', 'webpack.config.cjs': webpack },
    saved: 'main.js',
    command: 'exec $MODULES/.bin/webpack --watch',
  },
  {
    name: 'vite',
    files: {
      'file.js': 'TEXT\n',
      'vite.config.mjs': vite,
      'index.html': '<script type="module" src="/file.js"></script>',
    },
    saved: 'file.js',
    command: 'exec $MODULES/.bin/vite --logLevel error',
  },
  {
    name: 'jest --watchAll',
    files: {
      'main.test.js': `test('it', () => { ${note} });`,
      'package.json': '{ "jest": { "cacheDirectory": "/tmp/jest-cache-of-watchers" } }',
    },
    saved: 'main.test.js',
    command: 'exec $MODULES/.bin/jest --watchAll',
  },
  {
    name: 'tsc --watch',
    files: { 'main.ts': "export const text = 'TEXT';\n", 'tsconfig.json': '{ "files": ["main.ts"] }' },
    saved: 'main.ts',
    command: `$MODULES/.bin/tsc --watch --outDir $LOG.out | while read -r line; do
      case $line in *Watching*) cat main.ts >>$LOG; esac; done`,
    doublesInPlace: true,
  },
  {
    name: 'entr',
    files: { file: 'TEXT\n' },
    saved: 'file',
    command: "echo file | entr -n sh -c 'cat file >>$LOG'",
  },
  {
    name: 'inotifywait',
    files: { file: 'TEXT\n' },
    saved: 'file',
    command: `inotifywait -m -r -q -e close_write -e moved_to --format %w%f . 2>$LOG.err | while read -r path; do
      cat "$path" >>$LOG; done & sleep 0.5; cat file >>$LOG; wait`,
  },
  {
    name: 'watchdog',
    files: { file: 'TEXT\n', 'watch.py': watchdog },
    saved: 'file',
    command: 'exec /usr/bin/python3 -B watch.py',
  },
  {
    name: 'flask --debug',
    files: { 'app.py': flask },
    saved: 'app.py',
    command: 'exec /usr/bin/python3 -B -m flask --debug run --port 0',
    ready: /Debugger is active/,
    interval: 1000,
  },
  {
    name: 'django runserver',
    files: { 'main.py': django },
    saved: 'main.py',
    command: 'exec /usr/bin/python3 -B main.py',
    interval: 1000,
  },
];
