/** The few settings of the machine itself that the lab needs, put back by `down`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bridge, stateDir } from './config.ts';
import { attempt } from './shell.ts';

const inotify = '/proc/sys/fs/inotify/max_user_instances';
const savedFile = join(stateDir, 'inotify-instances');
/** Kubelets take some each, and then every followed log and every program that watches files takes one. */
const wanted = 1024;
const bridged = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const iptables = '/usr/sbin/iptables';
const rule = ['FORWARD', '-i', bridge.name, '-o', bridge.name, '-j', 'ACCEPT'];

const value = (path: string): string => readFileSync(path, 'utf8').trim();

/** Makes the machine fit for the lab. */
export async function prepareHost(): Promise<void> {
  if (Number(value(inotify)) < wanted) {
    writeFileSync(savedFile, value(inotify));
    writeFileSync(inotify, `${wanted}`);
  }
  // Bridged packets pass the machine's own firewall rules here; Docker's rules, for one, drop packets they don't know.
  if (existsSync(bridged) && value(bridged) === '1') await attempt(iptables, ['-w', '-I', ...rule]);
}

/** Undoes what `prepareHost` changed, in this run or in one that crashed. */
export async function restoreHost(): Promise<void> {
  if (existsSync(savedFile)) writeFileSync(inotify, value(savedFile));
  if (!existsSync(iptables)) return;
  while ((await attempt(iptables, ['-w', '-D', ...rule])).code === 0);
}
