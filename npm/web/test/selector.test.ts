/** How long the name of a node gets, and what called a script. Real nodes: tests/e2e/vitals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caller, selector } from '../src/observe/selector.js';

const node = (name: string, classes: string[] = [], parent?: Node): Node => ({ nodeType: 1, nodeName: name, id: '', classList: classes, parentNode: parent }) as unknown as Node;

test('a name has 99 characters at most, also where the first part alone has more', () => {
  const classes = Array.from({ length: 40 }, (_, n) => `utility-${n}`);
  assert.equal(selector(node('DIV', classes)).length, 99);
  assert.equal(selector(node('A', ['go'], node('DIV', classes))), 'a.go');
});

test('what called a script has no address in it that the markup had, closed or not', () => {
  for (const src of ['data:image/jpeg;base64,/9j/4AAQ', '/avatar?token=hunter2', '"/a?code=1"', 'a\nb].onload']) assert.equal(caller(`IMG[src=${src}].onload`), 'IMG[src].onload');
  assert.equal(caller('IMG[src=data:image/png;base64,AAAA'), 'IMG[src');
  assert.deepEqual(['Window.onclick', 'https://x.example/a.js', undefined].map(caller), ['Window.onclick', 'https://x.example/a.js', undefined]);
});
