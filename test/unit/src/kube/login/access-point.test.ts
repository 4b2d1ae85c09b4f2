import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../../../src/errors.ts';
import { type AccessOverrides, accessPoint } from '../../../../../src/kube/login/access-point.ts';
import type { Kubeconfig } from '../../../../../src/kube/login/kubeconfig.ts';

const config: Kubeconfig = {
  origin: '~/.kube/config',
  currentContext: 'prod',
  contexts: new Map([
    ['prod', { cluster: 'eu', user: 'ann', namespace: 'shop' }],
    ['arn:aws:eks:eu-west-1:1:cluster/stage', { cluster: 'us', user: 'bob' }],
    ['dangling', { cluster: 'nowhere', user: 'ann' }],
    ['anonymous', { cluster: 'us' }],
  ]),
  clusters: new Map([
    ['eu', { server: 'https://eu.test:6443/', 'certificate-authority-data': 'Q0E=' }],
    ['us', { server: 'https://us.test/k8s/clusters/c-1' }],
  ]),
  users: new Map([
    ['ann', { exec: { command: 'login' }, 'client-certificate-data': 'Q0VSVA==' }],
    ['bob', { token: 'bobs', as: 'carl', 'as-groups': ['x'] }],
  ]),
};

const choose = (overrides: AccessOverrides, env = {}) => accessPoint(config, overrides, env);

function failure(overrides: AccessOverrides): UsageError {
  try {
    choose(overrides);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error('it should have been refused');
}

describe('accessPoint', () => {
  test('is the current context where none is named', () => {
    expect(choose({}).info).toEqual({
      context: 'prod',
      server: 'https://eu.test:6443',
      namespace: 'shop',
      user: 'ann',
    });
  });

  test('keeps a path in the server URL and takes any context name', () => {
    const { info } = choose({ context: 'arn:aws:eks:eu-west-1:1:cluster/stage' });
    expect(info).toMatchObject({ server: 'https://us.test/k8s/clusters/c-1', namespace: 'default' });
  });

  test('names the contexts that exist, the closest first', () => {
    const error = failure({ context: 'prd' });
    expect(error.message).toBe('no context "prd" in ~/.kube/config');
    expect(error.exitCode).toBe(2);
    expect(error.hint).toMatch(/^contexts that exist: prod, /);
  });

  test('puts names that hold the wanted one before those that look like it', () => {
    expect(failure({ context: 'stage' }).hint).toMatch(/^contexts that exist: arn:aws/);
  });

  test.each([
    [{ context: 'dangling' }, 'no cluster "nowhere" in'],
    [{ user: 'nobody' }, 'no user "nobody" in'],
    [{ cluster: 'none' }, 'no cluster "none" in'],
    [{ server: 'ftp://x' }, 'server ftp://x is no URL'],
  ])('refuses %p', (overrides, message) => {
    expect(failure(overrides).message).toContain(message);
  });

  test('lets flags replace cluster, user and server', () => {
    const { info, cluster, user } = choose({ cluster: 'us', user: 'bob', server: 'localhost:8080' });
    expect([info.server, cluster.server, user.token]).toEqual([
      'http://localhost:8080',
      'http://localhost:8080',
      'bobs',
    ]);
  });

  test('lets a token replace every login but the certificate', () => {
    expect(choose({ token: 'given' }).user).toEqual({
      token: 'given',
      'client-certificate-data': 'Q0VSVA==',
    });
  });

  test('impersonates as the flags say, else as the kubeconfig does', () => {
    const stage = 'arn:aws:eks:eu-west-1:1:cluster/stage';
    expect(choose({ context: stage }).user).toMatchObject({ as: 'carl', 'as-groups': ['x'] });
    const flags = { context: stage, as: 'dora', asGroups: ['y', 'z'], asUid: '7' };
    expect(choose(flags).user).toMatchObject({ as: 'dora', 'as-groups': ['y', 'z'], 'as-uid': '7' });
  });

  test('works without a user, and without any kubeconfig where a server is given', () => {
    expect(choose({ context: 'anonymous' }).user).toEqual({});
    const empty = {
      ...config,
      currentContext: '',
      contexts: new Map(),
      clusters: new Map(),
      users: new Map(),
    };
    const { info } = accessPoint(empty, { server: 'https://x.test', token: 't' }, {});
    expect(info.context).toBe('x.test');
    expect(() => accessPoint(empty, {}, {})).toThrow(/no context is named/);
  });

  test('goes through the proxy of the environment, unless the kubeconfig names one', () => {
    const env = { HTTPS_PROXY: 'proxy.test:3128' };
    expect(choose({}, env).cluster['proxy-url']).toBe('http://proxy.test:3128');
    expect(choose({}, { ...env, NO_PROXY: 'eu.test' }).cluster['proxy-url']).toBeUndefined();
  });
});
