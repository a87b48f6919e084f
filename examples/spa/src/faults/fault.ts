// One thing that goes wrong on purpose, as the rough-weather page lists it.

export interface Fault {
  /** Also the button's test id; the result has the same with `-result`. */
  id: string;
  button: string;
  /** What goes wrong, and what Farol makes of it. */
  what: string;
  /** Does it. What it returns is shown beside the button; what it throws is really thrown. */
  run(): string | Promise<string>;
}

export interface FaultGroup {
  title: string;
  lede: string;
  faults: Fault[];
}

export const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
