/**
 * Processes that tests start: each leads a group of its own, and the group is ended by its id when the test says so, and in any
 * case when this process ends, however it ends.
 */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How long a process may take to end by itself before it is ended at once. */
const GRACE = 8_000;

/** How long a program may take to say that it is there: a browser whose files no one has read yet comes from a slow disk in half a minute and more. */
export const STARTING = 120_000;

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A program of the workspace: the one that the variable names, else the release build. */
export function built(name: string, variable: string): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(root, 'target');
  const program = process.env[variable] ?? join(target, 'release', name);
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build --release -p ${name}`);
  return program;
}

export interface Started {
  readonly child: ChildProcess;
  /** What it has printed so far, both streams. */
  output(): string;
  /** Waits for a line of its output that matches; an error with all of it where it ends first. */
  line(pattern: RegExp, timeout?: number): Promise<RegExpMatchArray>;
  /** Ends it, by the signal given, and gives its exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();

/** Ends a whole group by its leader's id. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}

/** Ends all that still runs, at once, and removes the folders: a test that failed half way has left both. */
export function endAllNow(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

process.on('exit', endAllNow);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endAllNow();
    process.exit(1);
  });
}

/** Removes a folder when this process ends. */
export function removeAtExit(folder: string): void {
  folders.add(folder);
}

export function start(program: string, args: readonly string[], options: SpawnOptions = {}): Started {
  const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let text = '';
  let ended: string | undefined;
  const listeners = new Set<() => void>();
  const told = (): void => listeners.forEach((listener) => listener());
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    told();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exit = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      ended = error.message;
      running.delete(child);
      told();
      resolve(null);
    });
    // Not 'exit': the last lines may still be in the pipe then.
    child.once('close', (code, signal) => {
      ended ??= `exit code ${code ?? signal}`;
      // Grandchildren outlive a leader that was killed.
      signalGroup(child, 'SIGKILL');
      running.delete(child);
      told();
      resolve(code);
    });
  });
  return {
    child,
    output: () => text,
    line: (pattern, timeout = STARTING) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        const look = (): void => {
          const found = text.match(pattern);
          if (found) {
            done();
            resolve(found);
          } else if (ended !== undefined) {
            done();
            reject(new Error(`${program} ended (${ended}) before it said ${pattern}:\n${text}`));
          }
        };
        const timer = setTimeout(() => {
          done();
          reject(new Error(`${program} did not say ${pattern} within ${timeout} ms:\n${text}`));
        }, timeout);
        listeners.add(look);
        look();
      }),
    async end(signal = 'SIGTERM') {
      if (ended === undefined) {
        signalGroup(child, signal);
        const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE);
        await exit;
        clearTimeout(timer);
      }
      return exit;
    },
  };
}
