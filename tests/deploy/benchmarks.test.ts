/** docs/benchmarks.md: the tables that `cargo xtask bench sdk --write` renews. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaced } from '../bench/document.js';
import { text } from './files.js';

test('the page has the tables that the benchmark writes, and nothing else of it changes', () => {
  const page = text('docs/benchmarks.md');
  for (const name of ['sdk page', 'sdk session']) {
    const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const [before, rest] = page.split(open) as [string, string];
    const [old, after] = rest.split(close) as [string, string];
    assert.match(old, /^\| figure \| Farol \|/mu);
    assert.equal(replaced(page, name, ['new']), `${before}${open}new\n${close}${after}`);
  }
  assert.throws(() => replaced(page, 'none such', []), /no table "none such"/u);
});
