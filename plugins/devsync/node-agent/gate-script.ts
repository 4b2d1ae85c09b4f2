/**
 * The program that holds back the main process of a container that is about to start: Node.js has no ptrace, and Perl has
 * syscall().
 *
 * A runtime makes a container's first process, which joins the container's control group and namespaces, and executes the
 * container's program at last. This waits until such a process is there, asks the kernel to stop it right after that
 * (PTRACE_O_TRACEEXEC), before the first instruction of the program, and lets it go on later. Nothing is stopped before,
 * which the runtime would wait for.
 *
 * It is stopped as long as this program traces it and no longer: whatever ends this one, a signal, its time or the
 * lack of memory, the kernel lets the other one go on. So there is no way to leave one stopped.
 *
 * Numbers of system calls are those of Linux's tables for each architecture, constants those of ptrace(2).
 */

/**
 * Arguments: architecture (as Node.js names it), where the processes are (`/proc`), the main process that ends first, what
 * is before and after a container's id in the control groups of its pod, seconds to wait for a start, seconds to hold it.
 *
 * Says `{"looking":true}` once every container that begins from then on is held, `{"held":ID}` for each that is,
 * `{"late":ID}` for one whose program had begun before, which goes on, and `{"trouble":WORDS}` for one that cannot be
 * held, which ends all. Takes ids of those that are to go on, a line each; its input's end lets
 * all of them go.
 */
export const gateScript = String.raw`
use strict; use warnings;
my ($arch, $proc, $main, $before, $after, $wait, $hold) = @ARGV;
my %tables = (x64 => { ptrace => 101, wait4 => 61 }, arm64 => { ptrace => 117, wait4 => 260 });
my $number = $tables{$arch} or die "no system calls are known of $arch\n";
my ($seize, $cont, $detach, $listen, $interrupt) = (0x4206, 7, 17, 0x4208, 0x4207);
my ($trace_exec, $exec_event, $stop_event) = (0x10, 4, 128);
# WNOHANG | __WALL
my $any = 0x40000001;

# Its time ends it, whatever it is doing.
$SIG{ALRM} = "DEFAULT";
# It interrupts the wait below.
$SIG{CHLD} = sub {};
alarm($wait);

# By id; processes by their numbers: those that were there before, that are traced, that are held, that may have begun
# before they were traced.
my (%known, %old, %traced, %held, %unsure);
my $limited = 0;
for my $pid (processes()) {
  $old{$pid} = 1;
  my $id = container($pid);
  $known{$id} = 1 if defined $id;
}
say_line('{"looking":true}');

while (1) {
  my %now = map { $_ => 1 } processes();
  delete @old{grep { !$now{$_} } keys %old};
  for my $pid (keys %now) {
    next if $old{$pid} || $traced{$pid};
    my $id = container($pid);
    take($pid, $id) if defined $id && !$known{$id} && is_main($pid);
  }
  answer_all();
  my $input = "";
  vec($input, fileno(STDIN), 1) = 1;
  # Seconds. A runtime needs some ten times two milliseconds from a container's first process to its program.
  next unless select($input, undef, undef, -e "$proc/$main" ? 0.02 : 0.002) > 0;
  exit 0 unless sysread(STDIN, my $words, 4096);
  for my $id ($words =~ /([0-9a-f]{64})/g) {
    $known{$id} = 1;
    for my $pid (grep { $traced{$_} eq $id } keys %traced) {
      trace($detach, $pid, 0) if $held{$pid};
      forget($pid);
    }
  }
}

sub take {
  my ($pid, $id) = @_;
  if (trace($seize, $pid, $trace_exec) < 0) {
    my $why = "$!";
    return if has_ended($pid) || is_traced($pid);
    say_line(qq({"trouble":"$why"}));
    exit 1;
  }
  $traced{$pid} = $id;
  # Before it was traced, or right after: the one is stopped by this, and the other one by its program before that.
  $unsure{$pid} = 1 if has_executed($pid) && trace($interrupt, $pid, 0) >= 0;
}

sub forget { delete @$_{$_[0]} for \%traced, \%held, \%unsure }

# What traced processes stop for is not theirs to wait for: they go on at once, but for the one thing.
sub answer_all {
  my $buffer = pack("l", 0);
  while ((my $pid = syscall($number->{wait4}, -1, $buffer, $any, 0)) > 0) {
    my $status = unpack("l", $buffer);
    if (($status & 0xff) != 0x7f) {
      # It has ended, and may be seen until its parent knows.
      forget($pid);
      $old{$pid} = 1;
      next;
    }
    my ($signal, $event) = ($status >> 8 & 0xff, $status >> 16);
    if ($event == $exec_event && defined $traced{$pid}) {
      delete $unsure{$pid};
      $held{$pid} = 1;
      # One time for all of them: nobody is held for longer, whatever begins meanwhile.
      alarm($hold) unless $limited++;
      say_line(qq({"held":"$traced{$pid}"}));
    } elsif ($unsure{$pid} && $event == $stop_event) {
      my $id = $traced{$pid};
      trace($detach, $pid, 0);
      forget($pid);
      $known{$id} = 1;
      say_line(qq({"late":"$id"}));
    } elsif ($event == $stop_event) {
      # SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU stop it for others; this only begins to trace it.
      trace($signal >= 19 && $signal <= 22 ? $listen : $cont, $pid, 0);
    } else {
      trace($cont, $pid, $event ? 0 : $signal);
    }
  }
}

sub trace { return syscall($number->{ptrace}, $_[0], $_[1] + 0, 0, $_[2] + 0) }

sub processes {
  opendir(my $all, $proc) or die "$proc: $!\n";
  return grep { /^\d+$/ } readdir($all);
}

# The id of the container of this pod that a process is in.
sub container {
  for my $line (lines("$_[0]/cgroup")) {
    my ($path) = $line =~ /^\d+:[^:]*:(.*)$/ or next;
    next if index($path, $before) != 0;
    return $1 if substr($path, length($before)) =~ /^([0-9a-f]{64})\Q$after\E(?:\/|$)/;
  }
  return undef;
}

# Process 1 of a namespace of its own.
sub is_main { return grep { /^NSpid:\t\d+(?:\t\d+)*\t1$/ } lines("$_[0]/status") }

# What has not executed anything since it was made has PF_FORKNOEXEC among its flags, as a runtime's process has.
sub has_executed {
  my $stat = join("\n", lines("$_[0]/stat"));
  $stat =~ s/^.*\) //s or return 0;
  return !((split " ", $stat)[6] & 0x40);
}

# Gone, or not reaped yet.
sub has_ended { return !grep { /^State:\t[^ZX]/ } lines("$_[0]/status") }

# By another gate of this pod.
sub is_traced { return grep { /^TracerPid:\t[1-9]/ } lines("$_[0]/status") }

sub lines {
  open(my $file, "<", "$proc/$_[0]") or return;
  my @lines = <$file>;
  chomp(@lines);
  return @lines;
}

sub say_line { syswrite(STDOUT, "$_[0]\n") }
`;
