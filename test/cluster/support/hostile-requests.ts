/** Requests that nobody means well with: bad JSON, huge bodies, wrong tokens, other methods, tricks with paths. */

export interface Hostile {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND', 'TRACE'];
const values = [
  '',
  '0',
  '-1',
  '1e99',
  'null',
  '../../etc/passwd',
  '%00',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  "'--",
  '<script>',
  '%ff%fe',
  'x'.repeat(2000),
  '%F0%9F%92%A9',
];
const bodies = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"username":{},"password":[]}',
  '{"username":"a","password":"b","role":"admin"}',
  '{"digest":"x"}',
  '{"username":"a","password":"b"}',
  '{"username":"../a","password":"long enough","role":"viewer"}',
  '{"username":"a","password":"short","role":"viewer","namespaces":["x"]}',
  JSON.stringify({ username: 'x'.repeat(9000) }),
  'x'.repeat(40_000),
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
];
const types = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'nonsense',
];
const prefixes = ['', '/', '//', '/..', '/./', '/%2e%2e', '/api/../..', ';'];

const names = [
  ...['task', 'jobid', 'replica', 'limit', 'offset', 'kind', 'name', 'namespace', 'minutes'],
  ...['__proto__', 'state', 'search', 'token', 'access_token'],
];

/** As the document writes it. */
export interface OperationName {
  readonly method: string;
  readonly path: string;
  readonly query: readonly { readonly name: string; readonly required: boolean }[];
}

export interface HostileOptions {
  readonly count: number;
  readonly operations: readonly OperationName[];
  /** Of whoever the requests come from. */
  readonly tokens: readonly string[];
  /** A task that there is: what is done to it is done. */
  readonly task: string;
}

/** Always the same ones. Half of them are of an operation that there is, as it is asked for but for what is in it. */
export function hostileRequests({ count, operations, tokens, task }: HostileOptions): Hostile[] {
  const next = numbers(count);
  const pick = <T>(all: readonly T[]): T => all[next() % all.length] as T;
  const some = <T>(all: readonly T[], most: number): T[] =>
    Array.from({ length: next() % (most + 1) }, () => pick(all));
  const value = () => pick([pick(values), task, 'ConfigMap', '5']);
  const filled = (path: string) => path.replaceAll(/\{\w+\}/g, value);
  const asked = ({ method, path, query }: OperationName) => {
    const chosen = query.filter(({ required }) => required || next() % 2 === 0);
    return { method, path: filled(path), names: chosen.map(({ name }) => name) };
  };
  const twisted = ({ path }: OperationName) => ({
    ...{ method: pick(methods), path: `${pick(prefixes)}${filled(path)}`, names: some(names, 3) },
  });
  return Array.from({ length: count }, () => {
    const operation = pick(operations);
    const isKnown = next() % 2 === 0;
    const { method, path, names } = isKnown ? asked(operation) : twisted(operation);
    const query = names.map((name) => `${name}=${value()}`).join('&');
    const whole = `${path.startsWith('/') ? '' : '/'}${path}${query === '' ? '' : `?${query}`}`;
    const token = pick(tokens);
    const headers = {
      authorization: isKnown ? `Bearer ${token}` : pick(authorizations(token)),
      'content-type': isKnown ? 'application/json' : pick(types),
      cookie: `token=${token}`,
    };
    return { method, path: whole, headers, body: isBodiless(method) ? '' : pick(bodies) };
  });
}

const isBodiless = (method: string): boolean => ['GET', 'HEAD', 'TRACE'].includes(method);

const authorizations = (token: string): string[] => [
  ...[`Bearer ${token}`, `bearer ${token}`, `Bearer ${token}x`, `Basic ${token}`],
  ...['', 'Bearer', 'Bearer x.y.z', `Bearer ${'a'.repeat(6000)}`],
];

/** A linear congruential generator: Numerical Recipes' constants. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
