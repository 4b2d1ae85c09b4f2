/** Changes a few values in the text of a kubeconfig; comments, order and form of everything else stay as they are. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parse,
  parseDocument,
  type YAMLMap,
} from 'yaml';

/** A piece of a text, by its offsets, and what comes in its place. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text with these values in the `config` of a user's `auth-provider`. Keys that are not there yet come before
 * `beside`, which is.
 * @throws {Error} without a word of the text: there is no such user, or it can't be changed without changing more
 */
export function withProviderConfig(
  text: string,
  user: string,
  values: Readonly<Record<string, string>>,
  beside: string,
): string {
  const config = configOf(parseDocument(text), user);
  const edits = Object.entries(values).map(([key, value]) => editOf(text, config, key, value, beside));
  const changed = edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((now, edit) => now.slice(0, edit.start) + edit.text + now.slice(edit.end), text);
  if (!isDeepStrictEqual(parsed(changed), withValues(parsed(text), user, values)))
    throw new Error('its form is not one that can be changed in place');
  return changed;
}

function configOf(document: Document.Parsed, user: string): YAMLMap {
  const follow = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  const child = (node: unknown, key: string) => {
    const map = follow(node);
    return isMap(map) ? follow(map.get(key, true)) : undefined;
  };
  const users = child(document.contents, 'users');
  // Of two with one name kubeconfig.ts takes the last.
  const entry = isSeq(users)
    ? users.items.findLast((item) => isMap(item) && item.get('name') === user)
    : undefined;
  const config = child(child(child(entry, 'user'), 'auth-provider'), 'config');
  if (isMap(config)) return config;
  throw new Error('the user is no longer in it');
}

/** JSON's strings are YAML's in double quotes, whatever is in them. */
function editOf(text: string, config: YAMLMap, key: string, value: string, beside: string): Edit {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const quoted = JSON.stringify(value);
  const [start, end] = rangeOf(pairOf(config, key)?.value) ?? [];
  if (start !== undefined && end !== undefined) {
    const space = /\s/.test(text[start - 1] ?? '') ? '' : ' ';
    // A block of text takes the line's end with it.
    return { start, end, text: space + quoted + (text[end - 1] === '\n' && end > start ? eol : '') };
  }
  const at = rangeOf(pairOf(config, beside)?.key)?.[0];
  if (at === undefined) throw new Error(`there is no longer a ${beside} in it`);
  const indent = ' '.repeat(at - (text.lastIndexOf('\n', at - 1) + 1));
  const fresh = config.flow ? `"${key}": ${quoted}, ` : `${key}: ${quoted}${eol}${indent}`;
  return { start: at, end: at, text: fresh };
}

const pairOf = (config: YAMLMap, key: string): Pair | undefined =>
  config.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

const rangeOf = (node: unknown) => (isScalar(node) || isAlias(node) ? (node.range ?? undefined) : undefined);

interface Root {
  users: { name?: unknown; user: { 'auth-provider': { config: Record<string, unknown> } } }[];
}

/** YAML's own errors quote the text. */
function parsed(text: string): Root {
  try {
    return parse(text) as Root;
  } catch {
    throw new Error('it is not valid YAML');
  }
}

function withValues(root: Root, user: string, values: Readonly<Record<string, string>>): Root {
  const entry = root.users.findLast(({ name }) => name === user);
  Object.assign(entry?.user['auth-provider'].config ?? {}, values);
  return root;
}
