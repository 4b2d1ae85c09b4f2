/** `npm run lab -- COMMAND`: two real Kubernetes clusters on this machine. */
import { parseArgs } from 'node:util';
import { commands, help } from './commands.ts';

const options = {
  delay: { type: 'string' },
  rate: { type: 'string' },
  cut: { type: 'boolean' },
  reject: { type: 'boolean' },
  restore: { type: 'boolean' },
  leave: { type: 'string' },
  'leave-inodes': { type: 'string' },
  undo: { type: 'boolean' },
  third: { type: 'boolean' },
  purge: { type: 'boolean' },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The options of all commands, as parsed. */
export type Options = ReturnType<
  typeof parseArgs<{ options: typeof options; allowPositionals: true }>
>['values'];

try {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [name, ...args] = positionals;
  const command = commands[name ?? ''];
  if (values.help || name === 'help') process.stdout.write(help);
  else if (command) await command(args, values);
  else throw new Error(`${name ? `there is no command ${name}` : 'a command is missing'}\n\n${help}`);
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
