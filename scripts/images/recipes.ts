/** What is in each image: Debian's packages, Node.js, and programs of ours. */
import { join } from 'node:path';
import type { ImageName } from '../../src/images.ts';
import { root } from '../build.ts';
import type { PackageChoice } from './debian-packages.ts';

/** The words are the OCI image specification's. */
export interface ImageSettings {
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface Recipe {
  readonly title: string;
  readonly debian: PackageChoice;
  /** Files of ours that go to /usr/local/bin, by their names there. */
  readonly programs: Readonly<Record<string, string>>;
  readonly settings: ImageSettings;
}

/** Packages that only maintainer scripts, people at a shell or other kinds of login would need. */
const leftOut =
  /^(adduser|debconf|debianutils|dpkg|init-system-helpers|lib.*-perl|libdb5\.3|libgdbm.*|libncursesw6|libpam-modules.*|libpam-runtime|libperl.*|libproc2-0|libsemanage.*|libsepol2|lsb-base|openssh-sftp-server|passwd|perl.*|procps|runit-helper|sensible-utils|sysvinit-utils|tar|ucf|usrmerge)$/;

/** What the pinned Node.js is linked to. */
const nodeLibraries = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1'];

const build = (...path: string[]) => join(root, 'build', ...path);

export const recipes: Readonly<Record<ImageName, Recipe>> = {
  mover: {
    title: 'x8sync mover: OpenSSH, rsync and the program that runs them',
    debian: {
      packages: [
        ...nodeLibraries,
        ...['dash', 'coreutils', 'findutils', 'openssh-server', 'openssh-client', 'rsync', 'acl', 'attr'],
      ],
      // Perl finds holes in files, by itself.
      alone: ['base-files', 'perl-base'],
      leftOut,
    },
    programs: { 'x8s-mover': build('mover', 'x8s-mover.cjs') },
    settings: { Cmd: ['x8s-mover'] },
  },
  controller: {
    title: 'The x8s plugins for use inside a cluster, and Node.js for devsync agents',
    // An agent of a node enters containers by Perl; libcrypt1 is what that is linked to.
    debian: { packages: [...nodeLibraries, 'libcrypt1'], alone: ['base-files', 'perl-base'], leftOut },
    programs: {
      'kubectl-x8sync': build('controller', 'kubectl-x8sync'),
      'kubectl-nsreplicate': build('controller', 'kubectl-nsreplicate'),
      'kubectl-devsync': build('controller', 'kubectl-devsync'),
    },
    settings: { Cmd: ['kubectl-nsreplicate', '--help'], User: '65532:65532' },
  },
};
