/** Which kubeconfig files are read, on the platforms that there is none of here as well. */
import { describe, expect, test } from '@jest/globals';
import { inFolder, kubeconfigFiles } from '../../../../../src/kube/login/kubeconfig-files.ts';

const none = () => false;

describe('the files', () => {
  test('are those of KUBECONFIG, without what is empty', () => {
    const env = { KUBECONFIG: '/a/config::/b' };
    expect(kubeconfigFiles({ env, platform: 'linux', home: '/home/jane', isFile: none })).toEqual([
      '/a/config',
      '/b',
    ]);
  });

  test('are parted by semicolons on Windows, where a path has a colon of its own', () => {
    const env = { KUBECONFIG: String.raw`C:\one;D:\two\config` };
    expect(
      kubeconfigFiles({ env, platform: 'win32', home: String.raw`C:\Users\jane`, isFile: none }),
    ).toEqual([String.raw`C:\one`, String.raw`D:\two\config`]);
  });

  test.each([
    ['linux', '/home/jane', '/home/jane/.kube/config'],
    ['darwin', '/Users/jane', '/Users/jane/.kube/config'],
    ['win32', String.raw`C:\Users\jane`, String.raw`C:\Users\jane\.kube\config`],
  ] as const)('are the one of the home folder else, on %s', (platform, home, file) => {
    expect(kubeconfigFiles({ env: {}, platform, home, isFile: none })).toEqual([file]);
  });
});

describe('on Windows, the home folder is the first one that has a kubeconfig', () => {
  const env = {
    HOME: String.raw`C:\msys\home\jane`,
    HOMEDRIVE: 'H:',
    HOMEPATH: String.raw`\jane`,
    USERPROFILE: String.raw`C:\Users\jane`,
  };
  const [byHome, byDrive, byProfile] = [env.HOME, String.raw`H:\jane`, env.USERPROFILE].map(
    (folder) => String.raw`${folder}\.kube\config`,
  );

  test.each([
    [[byHome, byDrive, byProfile], byHome],
    [[byDrive, byProfile], byDrive],
    [[byProfile], byProfile],
    [[], byProfile],
  ])('of %j: %s', (there, file) => {
    const isFile = (path: string) => there.includes(path);
    expect(kubeconfigFiles({ env, platform: 'win32', home: env.USERPROFILE, isFile })).toEqual([file]);
  });

  test('and elsewhere these variables mean nothing', () => {
    const isFile = () => true;
    expect(kubeconfigFiles({ env, platform: 'linux', home: '/home/jane', isFile })).toEqual([
      '/home/jane/.kube/config',
    ]);
  });
});

test.each([
  ['linux', '/home/jane/.kube', 'ca.crt', '/home/jane/.kube/ca.crt'],
  ['linux', '/home/jane/.kube', '/etc/ca.crt', '/etc/ca.crt'],
  [
    'win32',
    String.raw`C:\Users\jane\.kube`,
    String.raw`certs\ca.crt`,
    String.raw`C:\Users\jane\.kube\certs\ca.crt`,
  ],
  ['win32', String.raw`C:\Users\jane\.kube`, 'certs/ca.crt', String.raw`C:\Users\jane\.kube\certs\ca.crt`],
  ['win32', String.raw`C:\Users\jane\.kube`, String.raw`D:\ca.crt`, String.raw`D:\ca.crt`],
  [
    'win32',
    String.raw`C:\Users\jane\.kube`,
    String.raw`\\server\share\ca.crt`,
    String.raw`\\server\share\ca.crt`,
  ],
] as const)('on %s, what a file in %s calls %s is %s', (platform, folder, path, found) => {
  expect(inFolder(folder, path, platform)).toBe(found);
});
