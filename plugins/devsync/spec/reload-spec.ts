/** What a sync does in its container after files have arrived there: rules of a pattern and an action each. */
import { createHash } from 'node:crypto';
import { UsageError } from '../../../src/errors.ts';
import { asCount, asList, asObject, asText } from '../wire/check.ts';

export type ReloadAction =
  /** A shell command in the container. */
  | { readonly kind: 'exec'; readonly command: string }
  /** A signal to the container's main process, without `SIG`. */
  | { readonly kind: 'signal'; readonly signal: string }
  /** The main process ends, and the kubelet starts the container again. */
  | { readonly kind: 'restart' }
  /** The workload rolls out new pods. */
  | { readonly kind: 'rollout' };

export interface ReloadRule {
  /** In the syntax of `.gitignore`, from the synced directory. */
  readonly pattern: string;
  readonly action: ReloadAction;
}

export interface ReloadSpec {
  readonly rules: readonly ReloadRule[];
  /** Milliseconds from the beginning of one reload of a rule to the next one. */
  readonly every: number;
  /** What the first sync brings triggers rules as well. */
  readonly onFirstSync: boolean;
  /** Restart also where what was synced goes with the container; it is synced again then. */
  readonly restartAnyway: boolean;
}

/** Signals that make programs reload, or end. */
export const reloadSignals = ['HUP', 'USR1', 'USR2', 'INT', 'TERM', 'QUIT', 'WINCH'] as const;

const syntax = 'PATTERN=exec:COMMAND, PATTERN=signal:NAME, PATTERN=restart or PATTERN=rollout';

/** Reads `PATTERN=ACTION`. @throws {UsageError} it is none */
export function parseReloadRule(text: string): ReloadRule {
  const [, pattern = '', action = ''] = /^(.+?)=(exec:.*|signal:.*|restart|rollout)$/s.exec(text) ?? [];
  if (pattern === '')
    throw new UsageError(`--on-change ${JSON.stringify(text)} is no rule`, { hint: `Write ${syntax}.` });
  return { pattern, action: parseAction(action) };
}

function parseAction(text: string): ReloadAction {
  if (text === 'restart' || text === 'rollout') return { kind: text };
  const [kind, argument] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1).trim()];
  if (argument === '') throw new UsageError(`--on-change: ${kind}: names nothing`);
  if (kind === 'exec') return { kind, command: argument };
  return { kind: 'signal', signal: asSignal(argument) };
}

function asSignal(name: string): string {
  const plain = name.toUpperCase().replace(/^SIG/, '');
  if (reloadSignals.some((one) => one === plain)) return plain;
  throw new UsageError(`--on-change: ${name} is no signal that can be sent`, {
    hint: `Signals are ${reloadSignals.join(', ')}.`,
  });
}

/** An action as a person writes it. */
export function actionText(action: ReloadAction): string {
  switch (action.kind) {
    case 'exec':
      return `exec:${action.command}`;
    case 'signal':
      return `signal:${action.signal}`;
    default:
      return action.kind;
  }
}

export const ruleText = ({ pattern, action }: ReloadRule): string => `${pattern}=${actionText(action)}`;

/** Tells rules from others: they are commands, so this workstation runs only those that a person has given here. */
export function reloadDigest(spec: ReloadSpec | undefined): string | undefined {
  if (spec === undefined) return undefined;
  const { rules, every, onFirstSync, restartAnyway } = spec;
  const text = JSON.stringify([rules.map(ruleText), every, onFirstSync, restartAnyway]);
  return createHash('sha256').update(text).digest('hex');
}

/** Reads what the cluster holds; undefined where a sync has no rules. Throws where it makes no sense. */
export function asReloadSpec(value: unknown): ReloadSpec | undefined {
  if (value === undefined) return undefined;
  const { rules, every, onFirstSync, restartAnyway } = asObject(value, 'reload rules');
  return {
    rules: asList(rules, 'rules').map(asRule),
    every: asCount(every, 'a duration'),
    onFirstSync: onFirstSync === true,
    restartAnyway: restartAnyway === true,
  };
}

function asRule(value: unknown): ReloadRule {
  const { pattern, action } = asObject(value, 'a rule');
  const { kind, command, signal } = asObject(action, 'an action');
  const written =
    kind === 'exec'
      ? `exec:${asText(command, 'a command')}`
      : kind === 'signal'
        ? `signal:${asText(signal, 'a signal')}`
        : asText(kind, 'an action');
  return parseReloadRule(`${asText(pattern, 'a pattern')}=${written}`);
}
