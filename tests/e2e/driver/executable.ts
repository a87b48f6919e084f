/**
 * Where a browser is: what the environment names, what is installed, what Playwright downloaded. `cargo xtask setup` installs one
 * where none is found, so that here none is an error, never a skip.
 */
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Engine } from './index.js';

interface Place {
  variable: string;
  /** Names looked up in PATH. */
  names: string[];
  /** Whole paths, where installers put it outside PATH. */
  paths: string[];
}

const PLACES: Record<Engine, Place> = {
  chromium: {
    variable: 'FAROL_CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'],
    paths: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    ],
  },
  firefox: {
    variable: 'FAROL_FIREFOX',
    names: ['firefox', 'firefox-esr'],
    paths: ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
  },
  webkitgtk: {
    variable: 'FAROL_WEBKIT',
    names: ['MiniBrowser'],
    paths: ['/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser', '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser'],
  },
};

const runs = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

function downloaded(engine: Engine): string[] {
  if (engine !== 'chromium') return [];
  const caches = [join(homedir(), '.cache/ms-playwright'), join(homedir(), 'Library/Caches/ms-playwright')];
  return caches.flatMap((cache) => {
    try {
      return readdirSync(cache)
        .filter((folder) => folder.startsWith('chromium-'))
        .flatMap((folder) => [join(cache, folder, 'chrome-linux/chrome'), join(cache, folder, 'chrome-mac/Chromium.app/Contents/MacOS/Chromium')]);
    } catch {
      return [];
    }
  });
}

/** The browser's program, or an error that says what to do. */
export function executable(engine: Engine): string {
  const place = PLACES[engine];
  const named = process.env[place.variable];
  if (named) {
    if (runs(named)) return named;
    throw new Error(`${place.variable} names ${named}, which cannot be run`);
  }
  const inPath = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => place.names.map((name) => join(folder, name)));
  const found = [...inPath, ...place.paths, ...downloaded(engine)].find(runs);
  if (found) return found;
  throw new Error(`no ${engine} found: run \`cargo xtask setup\`, or set ${place.variable} to its program`);
}
