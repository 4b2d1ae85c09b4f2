/**
 * A source that means harm, in the place of its rsync daemon: the real one, in whose lists of files names become others
 * of the same length. Called with the daemon's configuration and a JSON list of pairs: a name, and what it becomes.
 */
const { spawn } = require('node:child_process');

const [, , config, pairs] = process.argv;
const daemon = spawn('rsync', ['--server', '--daemon', `--config=${config}`, '.'], {
  stdio: ['inherit', 'pipe', 'inherit'],
});
daemon.stdout.on('data', (chunk) => {
  let text = chunk.toString('latin1');
  for (const [from, to] of JSON.parse(pairs)) text = text.replaceAll(from, to);
  process.stdout.write(text, 'latin1');
});
daemon.on('close', (code) => {
  process.exitCode = code ?? 1;
});
