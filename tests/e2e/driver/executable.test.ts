import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { executable, type Machine } from './executable.js';

let root: string;
let machine: Machine;

/** Lays down a program in the machine that the test makes up. */
function program(path: string): string {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, '#!/bin/sh\n');
  chmodSync(whole, 0o755);
  return whole;
}

beforeEach(() => {
  if (root) rmSync(root, { recursive: true });
  root = mkdtempSync(join(tmpdir(), 'farol-finder-'));
  machine = { env: { PATH: [join(root, 'a'), join(root, 'b')].join(':') }, home: root, caches: [join(root, 'cache')], system: false };
});
after(() => rmSync(root, { recursive: true }));

test('the variable goes before what is installed', () => {
  program('a/chromium');
  const mine = program('mine/browser');
  assert.equal(executable('chromium', { ...machine, env: { ...machine.env, FAROL_CHROMIUM: mine } }), mine);
});

test('a variable that names no program is an error, never replaced by another browser', () => {
  program('a/chromium');
  const wrong = { ...machine, env: { ...machine.env, FAROL_CHROMIUM: join(root, 'nothing') } };
  assert.throws(() => executable('chromium', wrong), /FAROL_CHROMIUM is .*nothing/);
});

test('an installed browser goes before a download', () => {
  program('cache/chromium-1200/chrome-linux/chrome');
  const installed = program('b/google-chrome');
  assert.equal(executable('chromium', machine), installed);
});

test('of names, the first in the list goes before the first in PATH', () => {
  program('a/google-chrome');
  const chromium = program('b/chromium');
  assert.equal(executable('chromium', machine), chromium);
});

test("of Playwright's downloads, the newest is taken by number", () => {
  program('cache/chromium-999/chrome-linux/chrome');
  const newest = program('cache/chromium-1200/chrome-linux/chrome');
  program('cache/chromium_headless_shell-1300/chrome-linux/chrome');
  assert.equal(executable('chromium', machine), newest);
});

test('an installed program of the home folder is found where PATH has none', () => {
  const chrome = program('Applications/Google Chrome.app/Contents/MacOS/Google Chrome');
  assert.equal(executable('chromium', machine), chrome);
});

test('a file that cannot be run is no browser', () => {
  chmodSync(program('a/chromium'), 0o644);
  // Root may read anything, but may run only what someone may run.
  assert.throws(() => executable('chromium', machine), /no chromium/);
});

test('none is an error that says what to do', () => {
  assert.throws(() => executable('firefox', machine), /cargo xtask setup --engines firefox.*FAROL_FIREFOX/);
});
