/**
 * Any calls with any values in a real browser: the page sees nothing of ours, and what was valid arrives. The lives are those of npm/web/test/any; 100 of each
 * kind, 3,000 with `FAROL_FULL`, which are others each time, where the 100 are the same; `FAROL_SEED` plays the same again.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { build } from 'esbuild';
import { test } from './driver/cases.js';
import { launch, type Browser } from './driver/index.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site, type Site } from './driver/server.js';

const RUNS = Number(process.env['FAROL_RUNS'] ?? (process.env['FAROL_FULL'] ? 3_000 : 100));
const SEED = Number(process.env['FAROL_SEED'] ?? (process.env['FAROL_FULL'] ? Date.now() | 0 : 1));

let browser: Browser;
let own: Site;

before(async () => {
  const { outputFiles } = await build({ entryPoints: [new URL('any/page.ts', import.meta.url).pathname], bundle: true, format: 'iife', write: false });
  const files = new Map([...sdkFiles(), ['/any.js', Buffer.from(outputFiles[0]!.contents)]]);
  own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    return path === '/' ? html('<script src="/farol.js"></script><script src="/any.js"></script>') : { status: 202 };
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
});

test('whatever a page calls with whatever, it sees nothing of ours, and what was valid arrives', async (t) => {
  t.diagnostic(`FAROL_SEED=${SEED}`);
  const page = await browser.newPage();
  await page.goto(own.url);
  assert.equal(await page.evaluate<string>(`lives(${RUNS}, ${SEED})`), '');
  // What the browser says of an address that a life gave it (`base`, `url`) is the browser's.
  assert.deepEqual([page.console().filter((line) => !line.startsWith('error: Failed to load')), page.errors()], [[], []]);
  await page.close();
});
