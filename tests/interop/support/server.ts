/** A real server of one test file, in a folder of its own. */
import { connect } from 'node:net';
import { wait } from '../../e2e/driver/wait.js';
import { start, type Started } from '../../e2e/driver/processes.js';

/** How long a server may take to be ready: Loki takes 17 s on an idle machine. */
const READY = 120_000;

export interface Server {
  /** Starts it, after it was ended too; returns when it is ready. */
  start(): Promise<void>;
  /** Ends it, without a signal given at once: what it has acknowledged has to be on its disk, and a shutdown in order takes some of them a minute. */
  end(signal?: NodeJS.Signals): Promise<void>;
  output(): string;
}

/** The program that `cargo xtask interop` found for a recipe's name, and its version. */
export function found(name: string): { program: string; version: string } {
  const variable = `FAROL_INTEROP_${name.toUpperCase().replaceAll('-', '_')}`;
  const program = process.env[variable];
  if (program === undefined) throw new Error(`${variable} names no program: cargo xtask interop ${name}`);
  return { program, version: process.env[`${variable}_VERSION`] ?? 'unknown' };
}

/** Waits for the ends of all, whatever comes of each; then the first thing that went wrong is thrown. */
export async function allEnded(...ends: (Promise<unknown> | undefined)[]): Promise<void> {
  const wrong = (await Promise.allSettled(ends)).find((it) => it.status === 'rejected');
  if (wrong !== undefined) throw wrong.reason;
}

/** Whether somebody listens there. */
const listens = (address: URL): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(Number(address.port), address.hostname, () => done(true));
    socket.once('error', () => done(false)).once('connect', () => socket.end());
  });

/** A server that is ready once `ready` answers 200, or, where that is `tcp://`, once somebody listens there. */
export function server(name: string, args: readonly string[], ready: string, cwd: string): Server {
  let running: Started | undefined;
  return {
    async start() {
      const started = (running = start(found(name).program, args, { cwd }));
      let ended = false;
      started.child.once('exit', () => (ended = true));
      const answers = async (): Promise<boolean> => {
        if (ended) throw new Error(`${name} ended:\n${started.output()}`);
        if (ready.startsWith('tcp:')) return listens(new URL(ready));
        return (await fetch(ready).catch(() => undefined))?.ok ?? false;
      };
      await wait(answers, `${name}:\n${started.output()}`, READY);
    },
    async end(signal = 'SIGKILL') {
      await running?.end(signal);
    },
    output: () => running?.output() ?? '',
  };
}
