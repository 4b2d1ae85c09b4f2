/**
 * The program that takes a process into a container: Node.js has no setns, clone or chroot, and Perl has syscall().
 *
 * How a session gets there without running a byte of the container's own files: a helper joins the container's
 * namespaces, with a root of its own that holds the agent's image and nothing else (no /proc, no token). It makes a child
 * that shares this root with it (CLONE_FS). The child becomes the container's user, with no more rights than that, and
 * executes Node.js, whose libraries are all loaded once it says so. Then the helper moves the root of both into the
 * container, and lets the child go on. From there the kernel itself keeps every path and every link in the container.
 *
 * The child is among the container's processes from its first moment, and root there could look at what it has open
 * (CVE-2016-9962 of runc). So nothing of the node is open any more when it begins, and until it executes Node.js, nobody
 * without the right to trace everything may look at all (PR_SET_DUMPABLE).
 *
 * Numbers of system calls are those of Linux's tables for each architecture, constants those of its headers.
 */

/**
 * Arguments: architecture (as Node.js names it), process, its start in clock ticks since boot, user, group, groups with
 * commas between, bits of the capabilities that stay, command. Its exit code is the command's, 128 and more for a signal.
 */
export const enterScript = String.raw`
use strict; use warnings;
my ($arch, $pid, $start, $uid, $gid, $groups, $kept, @command) = @ARGV;
my %tables = (
  x64   => { openat => 257, close => 3, open_tree => 428, setns => 308, clone => 56, prctl => 157, capset => 126,
             setgroups => 116, setresgid => 119, setresuid => 117 },
  arm64 => { openat => 56, close => 57, open_tree => 428, setns => 268, clone => 220, prctl => 167, capset => 91,
             setgroups => 159, setresgid => 149, setresuid => 147 },
);
my $number = $tables{$arch} or fail("no system calls are known of $arch");
$_ += 0 for $pid, $uid, $gid, $kept;

sub fail { print STDERR "entering the container: $_[0]\n"; exit 70 }

sub call {
  my ($what, $name, @arguments) = @_;
  my $result = syscall($number->{$name}, @arguments);
  fail("$what: $!") if $result < 0;
  return $result;
}

sub hide { call("being traced", "prctl", 4, 0, 0, 0, 0) } # PR_SET_DUMPABLE
hide();

# A process that is held open is not mistaken for a later one of the same number. O_CLOEXEC, and O_PATH for directories.
my $process = call("process $pid", "openat", -100, "/proc/$pid", 0x280000);
my $root = call("its root", "openat", $process, "root", 0x280000);
my %spaces = map { $_ => call("its namespace $_", "openat", $process, "ns/$_", 0x80000) } qw(pid net ipc uts mnt);
my $stat;
open($stat, "<", "/proc/self/fd/$process/stat") or fail("process $pid: $!");
my $line = <$stat> // "";
$line =~ s/^.*\) //s;
close($stat);
fail("process $pid has ended") if ((split " ", $line)[19] // "") ne $start;

# OPEN_TREE_CLONE without AT_RECURSIVE: the image alone, without what is mounted on it.
my $image = call("the image", "open_tree", -100, "/", 0x80001);
my ($ours, $theirs);
socketpair($ours, $theirs, 1, 1, 0) or fail("a pair of sockets: $!");
close_all_but(0 .. 2, fileno($ours), fileno($theirs), $image, $root, values %spaces);
for my $name (qw(pid net ipc uts mnt)) {
  call("its namespace $name", "setns", $spaces{$name}, 0);
  call("its namespace $name", "close", $spaces{$name});
}
my $held = move_root($image, "the image");

# CLONE_FS | SIGCHLD
my $child = call("a process", "clone", 0x211, 0, 0, 0, 0);
run() if $child == 0;
close($theirs);
$SIG{ALRM} = sub { kill("KILL", $child); fail("Node.js did not start in time") };
alarm(20);
end_with_child() unless sysread($ours, my $word, 1);
alarm(0);
move_root($root, "its root");
syswrite($ours, "1");
close($ours);
end_with_child();

sub move_root {
  my ($to, $what) = @_;
  my $folder;
  open($folder, "<&=", $to) or fail("$what: $!");
  chdir($folder) or fail("$what: $!");
  chroot(".") or fail("$what: $!");
  return $folder;
}

# Of a process and what it was opened by, and of what was left open to this program itself.
sub close_all_but {
  my %stay = map { $_ => 1 } @_;
  opendir(my $all, "/proc/self/fd") or fail("what is open: $!");
  my @open = grep { /^\d+$/ && !$stay{$_} } readdir($all);
  closedir($all);
  # That of the list itself is closed already.
  syscall($number->{close}, $_ + 0) for @open;
}

sub run {
  close($ours);
  close($held);
  call("its root", "close", $root);
  become();
  fcntl($theirs, 2, 0); # F_SETFD: it stays open
  $ENV{X8S_ENTER_FD} = fileno($theirs);
  { no warnings; exec { $command[0] } @command; }
  fail("$command[0]: $!");
}

# PR_CAPBSET_DROP 24, PR_CAP_AMBIENT_CLEAR_ALL 47 4, PR_SET_NO_NEW_PRIVS 38, PR_SET_PDEATHSIG 1; CAP_SETGID and
# CAP_SETUID are 0xc0; 22 is EINVAL: the kernel knows no more capabilities.
sub become {
  for my $one (0 .. 63) {
    next if $kept >> $one & 1;
    next if syscall($number->{prctl}, 24, $one, 0, 0, 0) >= 0;
    $! == 22 ? last : fail("its capabilities: $!");
  }
  call("its capabilities", "prctl", 47, 4, 0, 0, 0);
  limit_to($kept | 0xc0);
  my @all = split ",", $groups;
  call("its groups", "setgroups", scalar(@all), pack("L*", @all));
  call("its group", "setresgid", $gid, $gid, $gid);
  call("its user", "setresuid", $uid, $uid, $uid);
  limit_to($uid == 0 ? $kept : 0);
  call("no new privileges", "prctl", 38, 1, 0, 0, 0);
  call("its end with ours", "prctl", 1, 9, 0, 0, 0);
  # With the user, the kernel sets it as fs.suid_dumpable says.
  hide();
}

sub limit_to {
  my ($low, $high) = ($_[0] & 0xffffffff, $_[0] >> 32);
  call("its capabilities", "capset", pack("LL", 0x20080522, 0), pack("L6", $low, $low, 0, $high, $high, 0));
}

sub end_with_child {
  waitpid($child, 0);
  exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
}
`;
