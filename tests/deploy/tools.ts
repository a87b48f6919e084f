/** The tools of others that judge what we write: promtool, amtool, lokitool and others. They are taken from FAROL_INTEROP_BIN, PATH, or the cache of
 * `cargo xtask interop`, whose recipes build them beside their servers. Without one its tests are skipped and say so; with `--full`, which builds them first, that is a failure. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { root } from './files.js';

const cache = process.env.FAROL_INTEROP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'farol-interop');

const folders = (): string[] => {
  const named = [process.env.FAROL_INTEROP_BIN ?? '', ...(process.env.PATH ?? '').split(delimiter)].filter((it) => it !== '');
  try {
    return [...named, ...readdirSync(cache).map((name) => join(cache, name))];
  } catch {
    return named;
  }
};

/** Where a tool is, if it is at hand. */
export const program = (name: string): string | undefined =>
  folders().map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** The program of this workspace that was built last: the doors of tests build it in more than one profile. */
export const newest = (name: string, target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')): string | undefined => {
  const built = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const all = ['release', 'lives', 'debug'].map((profile) => join(target, profile, name)).sort((a, b) => built(b) - built(a));
  return built(all[0]!) > 0 ? all[0] : undefined;
};

/** Runs a tool and gives what it said; where it is not at hand the test is skipped, with the reason. */
export const tool = (t: TestContext, name: string, ...args: string[]): { ok: boolean; said: string } | undefined => {
  const path = program(name);
  if (path === undefined) {
    const why = `${name} is not at hand: put it into PATH or into the folder that FAROL_INTEROP_BIN names`;
    if (process.env.FAROL_FULL === '1') throw new Error(why);
    t.skip(why);
    return undefined;
  }
  const done = spawnSync(path, args, { encoding: 'utf8' });
  return { ok: done.status === 0, said: `${done.stdout}${done.stderr}${done.error?.message ?? ''}` };
};
