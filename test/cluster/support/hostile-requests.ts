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

/** Always the same ones. @param paths as the document writes them. @param token of somebody who may do little */
export function hostileRequests(count: number, paths: readonly string[], token: string): Hostile[] {
  const next = numbers(count);
  const pick = <T>(all: readonly T[]): T => all[next() % all.length] as T;
  const authorizations = [
    '',
    'Bearer',
    'Bearer x.y.z',
    `Bearer ${token}`,
    `Bearer ${token}x`,
    `bearer ${token}`,
    `Basic ${token}`,
    `Bearer ${'a'.repeat(6000)}`,
  ];
  return Array.from({ length: count }, () => {
    const filled = pick(paths).replaceAll(/\{\w+\}/g, () => pick(values));
    const names = [
      'task',
      'jobid',
      'replica',
      'limit',
      'offset',
      'kind',
      'name',
      'namespace',
      'minutes',
      '__proto__',
      'state',
    ];
    const query = Array.from({ length: next() % 4 }, () => `${pick(names)}=${pick(values)}`).join('&');
    const path = `${pick(prefixes)}${filled}${query === '' ? '' : `?${query}`}`;
    const method = pick(methods);
    const body = method === 'GET' || method === 'HEAD' || method === 'TRACE' ? '' : pick(bodies);
    const headers = {
      authorization: pick(authorizations),
      'content-type': pick(types),
      cookie: `token=${token}`,
    };
    return { method, path: path.startsWith('/') ? path : `/${path}`, headers, body };
  });
}

/** A linear congruential generator: Numerical Recipes' constants. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
