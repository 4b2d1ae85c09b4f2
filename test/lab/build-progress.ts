/** How far a build of Go programs is, told at each tenth of it. */

/** A package's import path, alone on its line, is what `go build -v` prints when it has come to that package. */
const isPackage = (line: string): boolean => /^[\w.~-]+(\/[\w.~-]+)*$/.test(line);
const isDownload = (line: string): boolean => line.startsWith('go: downloading ');

export class BuildProgress {
  readonly #total: number;
  readonly #say: (line: string) => void;
  #compiled = 0;
  #told = 0;

  /**
   * @param total of packages that the programs consist of; those that Go's cache holds are never printed
   * @param say what is told goes to
   */
  constructor(total: number, say: (line: string) => void) {
    this.#total = total;
    this.#say = say;
  }

  /** Takes in a line of what `go build -v` prints. */
  line(line: string): void {
    if (!isPackage(line) || this.#compiled >= this.#total) return;
    this.#compiled += 1;
    const tenth = Math.floor((10 * this.#compiled) / this.#total);
    if (tenth === this.#told) return;
    this.#told = tenth;
    const count = `${this.#compiled.toLocaleString('en')} of ${this.#total.toLocaleString('en')} packages`;
    this.#say(tenth === 10 ? `${count}; the programs are linked …` : `${tenth * 10} %, ${count}`);
  }
}

/** Tells every hundredth module that Go downloads. @returns what takes in the lines that Go prints */
export function downloadProgress(say: (line: string) => void): (line: string) => void {
  let modules = 0;
  return (line) => {
    if (!isDownload(line)) return;
    modules += 1;
    if (modules % 100 === 0) say(`${modules} modules are downloaded or on their way`);
  };
}
