/** Containers for the agents of nodes, and what a session in one of them may be. */
import { expect } from '@jest/globals';
import { forever, images, type Workplace } from './devsync.ts';
import { app, type Kind, kinds, still, strict } from './devsync-kinds.ts';

/** Its own program is `node`, and what it mounts is away while it is started again. */
export const hostile = {
  containers: [
    app(images.plain, [
      'sh',
      '-c',
      `printf '#!/bin/sh\\ntouch /pwned\\n' >/usr/local/bin/node; chmod +x /usr/local/bin/node
       cp /usr/local/bin/node /usr/local/bin/perl; ln -s /usr/local/bin /way; trap 'exit 0' TERM; mkdir -p /work/d
       while :; do sleep 0.2; done`,
    ]),
  ],
};
/** With a group and more groups, of which the node's agent has none. */
export const grouped: Kind = {
  name: 'grouped',
  spec: {
    securityContext: { fsGroup: 4000, supplementalGroups: [5000, 6000] },
    containers: [
      app(images.plain, forever, {
        securityContext: { runAsUser: 1000, runAsGroup: 3000 },
        volumeMounts: [{ name: 'data', mountPath: '/work' }],
      }),
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  },
  launcher: 'ephemeral',
};
/** Containers that are synced with by the agents of nodes. */
export const kindsByNode = [
  ...kinds.filter(({ name }) => ['plain', 'non-root', 'volume', 'shared-pids'].includes(name)),
  grouped,
  still,
  strict,
];

/** Some of them, with all that is looked at in each case. */
export const fewByNode = kindsByNode.filter(({ name }) => ['plain', 'grouped', 'still'].includes(name));

/** The session's process is where, and who, the container's own is. */
export async function expectConfined(
  work: Workplace,
  pod: string,
  { Uid, Gid, groups, caps }: { Uid: number; Gid: number; groups: number[]; caps: string },
): Promise<void> {
  const look = `for p in /proc/[0-9]*; do
    tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^/usr/local/bin/node --max-old' || continue
    echo main $(grep ^Groups: /proc/1/status)
    grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' $p/status; ls -l $p/fd; readlink $p/root
    for n in mnt pid net ipc uts; do [ $(readlink $p/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo same $n; done; done`;
  const seen = await work.sh(pod, look);
  for (const [name, id] of Object.entries({ Uid, Gid }))
    expect(seen).toMatch(new RegExp(`^${name}:${`\\t${id}`.repeat(4)}$`, 'm'));
  // All that the main process has, and what the pod asks for among them.
  const [main, session] = ['main Groups:', 'Groups:'].map((start) =>
    new RegExp(`^${start}(.*)$`, 'm').exec(seen)?.[1]?.trim().split(/\s+/).map(Number),
  );
  expect(session).toEqual(main);
  expect(session).toEqual(expect.arrayContaining(groups));
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(seen).toMatch(`${set}:\t${caps}\n`);
  for (const set of ['CapInh', 'CapAmb']) expect(seen).toMatch(`${set}:\t0000000000000000\n`);
  expect(seen).toMatch(/^NoNewPrivs:\t1$/m);
  expect(seen).toMatch(/^Seccomp:\t2$/m);
  expect(seen).toMatch(/^\/$/m);
  for (const name of ['mnt', 'pid', 'net', 'ipc', 'uts']) expect(seen).toMatch(`same ${name}\n`);
  // Nothing that it holds open lies elsewhere.
  const held = [...seen.matchAll(/ -> (.*)$/gm)].map(([, to = '']) => to);
  const strange = held.filter(
    (to) => !/^(socket|pipe|anon_inode):|^\/(dev\/null|work|\.x8s-devsync-|var\/tmp|tmp|$)/.test(to),
  );
  expect(strange).toEqual([]);
}
