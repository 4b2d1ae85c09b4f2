/** `npm run lab -- COMMAND`: two real Kubernetes clusters on this machine. */
import { parseArgs } from 'node:util';
import { commands, help, options } from './commands.ts';

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
