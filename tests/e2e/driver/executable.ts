/**
 * Where a browser's program lies: the variable that names it, then what is installed, then Playwright's download. Run as a
 * program (`node --import tsx executable.ts chromium`) it prints the place, which is how `cargo xtask setup` asks.
 */
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export type Engine = 'chromium' | 'firefox' | 'webkitgtk';

interface Places {
  variable: string;
  /** Names in PATH, the engine's own build first. */
  names: string[];
  /** Places outside PATH; `~` is the home folder. */
  paths: string[];
  /** Within a folder of Playwright's cache: the folder's start, and where the program may lie in it. */
  download: { start: string; programs: string[] };
}

const PLACES: Record<Engine, Places> = {
  chromium: {
    variable: 'FAROL_CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge', 'microsoft-edge-stable'],
    paths: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
      '~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/opt/google/chrome/chrome',
      '/snap/bin/chromium',
    ],
    download: {
      start: 'chromium-',
      programs: [
        'chrome-linux/chrome',
        'chrome-linux64/chrome',
        'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
        'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
        'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
      ],
    },
  },
  firefox: {
    variable: 'FAROL_FIREFOX',
    names: ['firefox', 'firefox-esr'],
    paths: ['/Applications/Firefox.app/Contents/MacOS/firefox', '~/Applications/Firefox.app/Contents/MacOS/firefox', '/snap/bin/firefox'],
    // Playwright's Firefox speaks Playwright's protocol alone.
    download: { start: 'firefox-', programs: [] },
  },
  webkitgtk: {
    variable: 'FAROL_WEBKIT',
    names: ['MiniBrowser'],
    paths: ['x86_64', 'aarch64'].flatMap((machine) => ['4.1', '6.0'].map((version) => `/usr/lib/${machine}-linux-gnu/webkit${version === '6.0' ? '' : '2'}gtk-${version}/MiniBrowser`)),
    download: { start: 'webkit-', programs: [] },
  },
};

/** What the search looks at, so that a test can give it another machine. */
export interface Machine {
  env: Record<string, string | undefined>;
  home: string;
  /** Folders where Playwright keeps its downloads. */
  caches: string[];
  /** Whether the places that are the same on every machine are looked at. */
  system: boolean;
}

export function thisMachine(): Machine {
  const home = homedir();
  const named = process.env['PLAYWRIGHT_BROWSERS_PATH'];
  return { env: process.env, home, caches: named ? [named] : [join(home, '.cache/ms-playwright'), join(home, 'Library/Caches/ms-playwright')], system: true };
}

/** The program's place; an error that says where it was looked for and what helps. */
export function executable(engine: Engine, machine: Machine = thisMachine()): string {
  const { variable, names, paths, download } = PLACES[engine];
  const named = machine.env[variable];
  if (named) {
    // What someone chose is never replaced by something else.
    if (runnable(named)) return named;
    throw new Error(`${variable} is ${named}, which is no program that can be run`);
  }
  const folders = (machine.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const name of names) {
    for (const folder of folders) {
      if (runnable(join(folder, name))) return join(folder, name);
    }
  }
  const here = paths.filter((path) => machine.system || path.startsWith('~'));
  for (const path of here.map((path) => path.replace(/^~/, machine.home))) {
    if (runnable(path)) return path;
  }
  for (const cache of machine.caches) {
    for (const folder of newest(cache, download.start)) {
      for (const program of download.programs) {
        const path = join(cache, folder, program);
        if (runnable(path)) return path;
      }
    }
  }
  throw new Error(`no ${engine}: not in PATH, not in its usual places, not in Playwright's cache; \`cargo xtask setup --engines ${engine}\` gets one, ${variable} names one`);
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folders of a cache that begin like this, the highest number first. */
function newest(cache: string, start: string): string[] {
  let all: string[];
  try {
    all = readdirSync(cache);
  } catch {
    return [];
  }
  const number = (name: string): number => Number(name.slice(start.length));
  return all.filter((name) => name.startsWith(start) && Number.isFinite(number(name))).sort((a, b) => number(b) - number(a));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(executable(process.argv[2] as Engine));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
