/** The outcome of test runs: which tests passed, which failed and which needed a second run, from jest's reports. */

/** What of jest's `--json` report is read. */
export interface JestReport {
  readonly testResults: readonly {
    /** The test file's path. */
    readonly name: string;
    readonly status: string;
    /** Of a file that could not be run: why. Of one with failed tests: what they said. */
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** How a process of jest ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A test, or a file that could not be run, and what became of it. */
interface Verdict {
  /** `file: name of the test`, or the file alone where none of its tests is known. */
  readonly what: string;
  readonly result: keyof Counts;
  /** Why a file could not be run, where that is known. */
  readonly cause?: string;
}

interface FileOutcome {
  readonly path: string;
  readonly verdicts: readonly Verdict[];
}

/** The outcome of one run of jest. */
export interface RunOutcome {
  readonly files: readonly FileOutcome[];
  /** What went wrong with jest itself, beside the failures of tests. */
  readonly broken?: string;
}

/** A run whose failed files were run again. */
export interface Settled {
  readonly counts: Counts;
  /** What failed for good, with the cause where no test tells it. */
  readonly failed: readonly string[];
  /** What failed beside others and passed alone: each is a defect to mend. */
  readonly unsteady: readonly string[];
}

/**
 * Reads a run of jest.
 * @param name of the run, for messages
 * @param report what jest wrote; absent where it ended before it could
 * @param shorten makes a test file's path short
 */
export function outcomeOf(
  name: string,
  report: JestReport | undefined,
  exit: Exit,
  shorten: (path: string) => string,
): RunOutcome {
  if (report === undefined)
    return { files: [], broken: `${name}: jest ${ended(exit)} before it could report` };
  const files = report.testResults.map(({ name: path, status, message, assertionResults }) => {
    const file = shorten(path);
    const tests = assertionResults.map((test): Verdict => {
      const result = test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped';
      return { what: `${file}: ${test.fullName}`, result };
    });
    const unexplained = status === 'failed' && !tests.some(({ result }) => result === 'failed');
    const itself: Verdict = { what: file, result: 'failed', cause: causeOf(message) };
    return { path, verdicts: unexplained ? [...tests, itself] : tests };
  });
  const explained = exit.code === 0 || files.some(hasFailed);
  // A jest that fails without a failed test must not look like success.
  return explained ? { files } : { files, broken: `${name}: jest ${ended(exit)} without a failed test` };
}

/** The files to run again. */
export const failedFilesOf = ({ files }: RunOutcome): string[] =>
  files.filter(hasFailed).map(({ path }) => path);

/**
 * A run together with the second runs of its failed files: a file counts as it ended last. A second run that ended
 * before it could report repairs nothing.
 */
export function settled(first: RunOutcome, again: readonly RunOutcome[] = []): Settled {
  const second = new Map(again.flatMap(({ files }) => files).map((file) => [file.path, file]));
  const last = first.files.flatMap(({ path, verdicts }) => second.get(path)?.verdicts ?? verdicts);
  const broken = [first, ...again].flatMap((run) => run.broken ?? []);
  const failed = [...last.filter(isFailed).map(described), ...broken];
  const unsteady = first.files
    .filter(({ path }) => second.has(path))
    .flatMap(({ path, verdicts }) =>
      verdicts.filter(isFailed).filter((verdict) => passedIn(second.get(path), verdict)),
    )
    .map(described);
  const count = (wanted: keyof Counts) => last.filter(({ result }) => result === wanted).length;
  const counts = { passed: count('passed'), failed: failed.length, skipped: count('skipped') };
  return { counts, failed, unsteady };
}

/** All phases together, as lines; the last one is the counts alone. */
export function sumOf(phases: readonly Settled[]): string {
  const total = (key: keyof Counts) => phases.reduce((sum, { counts }) => sum + counts[key], 0);
  return [
    ...listed(
      'Failed',
      phases.flatMap(({ failed }) => failed),
    ),
    ...listed(
      'Failed beside others and passed alone, each a defect to mend',
      phases.flatMap(({ unsteady }) => unsteady),
    ),
    `${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`,
  ].join('\n');
}

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];

const isFailed = ({ result }: Verdict): boolean => result === 'failed';
const hasFailed = ({ verdicts }: FileOutcome): boolean => verdicts.some(isFailed);
const described = ({ what, cause }: Verdict): string => (cause === undefined ? what : `${what} (${cause})`);

/** A file that could not be run the first time passed when all of it passed, a test when it did itself. */
function passedIn(second: FileOutcome | undefined, { what, cause }: Verdict): boolean {
  if (second === undefined) return false;
  if (cause !== undefined) return !hasFailed(second);
  return second.verdicts.some((verdict) => verdict.what === what && verdict.result === 'passed');
}

/** What ended a process. */
function ended({ code, signal }: Exit): string {
  return signal === null ? `ended with ${code}` : `was ended by ${signal}`;
}

/** Why a file could not be run: the signal that ended jest's worker, else the first line of jest's message. */
function causeOf(message: string): string {
  const signal = /jest worker process .*\bsignal=(?<signal>SIG\w+)/.exec(message)?.groups?.signal;
  if (signal !== undefined) return `crashed: its process was ended by ${signal}`;
  const lines = message.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('●')) ?? 'failed without a failed test';
}
