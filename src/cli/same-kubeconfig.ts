/** Commands that a person is told to type: they have to go to the same clusters as the one that tells them. */
import type { X8sError } from '../errors.ts';

export interface Typed {
  /** `--kubeconfig` of the command that tells; undefined where it was not given. */
  readonly kubeconfig: string | undefined;
  /** `kubectl x8sync`. */
  readonly binaryName: string;
}

/**
 * A text whose commands name the kubeconfig: those of the plugin itself after its name, since kubectl takes no flags
 * before a plugin's, and those of kubectl that begin with flags.
 */
export function withKubeconfig(text: string, { kubeconfig, binaryName }: Typed): string {
  if (kubeconfig === undefined || kubeconfig === '') return text;
  const flag = `--kubeconfig ${quoted(kubeconfig)}`;
  const command = new RegExp(
    `(?<![\\w-])(${escaped(binaryName)}(?= [\\w-])|kubectl(?= -))(?! --kubeconfig)`,
    'g',
  );
  return text.replace(command, (before) => `${before} ${flag}`);
}

/** The same for what a command prints; a manifest, which is for kubectl and no person, stays as it is. */
export const printedWithKubeconfig = (text: string, typed: Typed): string =>
  /^apiVersion:/m.test(text) ? text : withKubeconfig(text, typed);

/** The same failure, whose commands name the kubeconfig. */
export function failureWithKubeconfig(error: X8sError, typed: Typed): X8sError {
  if (typed.kubeconfig === undefined || typed.kubeconfig === '') return error;
  const { hint, details } = error;
  return Object.create(error, {
    hint: { value: hint && withKubeconfig(hint, typed), enumerable: true },
    details: { value: details.map((line) => withKubeconfig(line, typed)), enumerable: true },
  });
}

/** As a shell takes it for one word. */
const quoted = (path: string) =>
  /^[\w@%+=:,./~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
