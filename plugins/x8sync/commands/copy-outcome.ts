/** What a copy that came to its end still leaves to be said, as an error: exit code 5. */
import { IncompleteError } from '../../../src/errors.ts';
import type { Loss } from '../mover/protocol/losses.ts';
import type { CopyResult } from '../run/request/request.ts';
import { usersError } from '../run/results/copy-end.ts';

type EndedCopy = Pick<CopyResult, 'outcome' | 'lost' | 'losses' | 'failures'> &
  Parameters<typeof usersError>[0];

/** Finished, but not everything, or others wrote to the target meanwhile: exit 5. */
export function incompleteness(
  result: EndedCopy,
  trustedXattrs: boolean,
  again: string,
): IncompleteError | undefined {
  const { outcome, lost, losses = [], failures, message, diagnostics } = result;
  const inUse = usersError(result, again);
  if (inUse) return inUse;
  const hint = keepHint(lost, losses, trustedXattrs);
  if (outcome === 'partial' && (failures.length > 0 || lost.length === 0)) {
    return new IncompleteError(`not every file could be copied: ${message}`, {
      details: diagnostics.slice(-10),
      hint: [limitsHint(lost), `${again} once that is fixed: unchanged files are skipped`, hint]
        .filter((hint) => hint !== undefined)
        .join('; '),
    });
  }
  if (lost.length === 0) return undefined;
  return new IncompleteError(
    `the files are copied, but not everything of them could be kept: ${lost.join(', ')}`,
    { hint },
  );
}

/** Why the target did not take something, where its own words for that mislead or no further run helps. */
function limitsHint(lost: readonly string[]): string | undefined {
  const hints = [
    lost.includes('large xattrs') &&
      "the target's file system takes no attribute that large, for which its words are that no space is left: another storage class may",
    lost.includes('many hardlinks') &&
      "the target's file system takes no more names of one file (ext4 takes 65,000), and a further run does not help: leave names out with --exclude, or take another storage class",
  ];
  return hints.filter((hint) => hint !== false).join('; ') || undefined;
}

/** What would keep what was lost; each kind has its own reason. */
function keepHint(
  lost: readonly string[],
  losses: readonly Loss[],
  trustedXattrs: boolean,
): string | undefined {
  // What the target's file system was tried out not to keep, no other pod gets into it.
  const unkept: readonly string[] = losses.map(({ kind }) => kind);
  const others = lost.filter((kind) => !unkept.includes(kind));
  const hints = [
    unkept.length > 0 && "another storage class for the target may keep what this one's file system does not",
    others.some((kind) => ['ownership', 'devices', 'capabilities'].includes(kind)) &&
      "owners, devices and file capabilities are kept by a pod that is root (Pod Security level 'baseline')",
    others.includes('xattrs') &&
      (trustedXattrs
        ? "attributes are kept where the target's namespace admits CAP_SYS_ADMIN and its file system has them"
        : "trusted.* and security.* attributes are kept with --trusted-xattrs, where both namespaces admit the Pod Security level 'privileged'"),
    others.includes('acls') && "ACLs are kept where the target's file system has them",
  ];
  return hints.filter((hint) => hint !== false).join('; ') || undefined;
}
