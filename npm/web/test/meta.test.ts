import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSERS, find, SYSTEMS } from '../src/meta.js';

const AGENTS: [string, string[], string[]][] = [
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.3485.54', ['Edge', '140.0.3485.54'], ['Windows', '10.0']],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36', ['Chrome', '141.0.0.0'], ['Linux', '']],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15', ['Safari', '18.3'], ['Mac OS', '10.15.7']],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1', ['Chrome', '140.0.7339.39'], ['iOS', '18.3']],
  ['Mozilla/5.0 (Android 15; Mobile; rv:142.0) Gecko/142.0 Firefox/142.0', ['Firefox', '142.0'], ['Android', '15']],
  ['Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36', ['Samsung Internet', '28.0'], ['Android', '10']],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 OPR/123.0.0.0', ['Opera', '123.0.0.0'], ['Windows', '10.0']],
  ['something else entirely', ['', ''], ['', '']],
];

for (const [agent, browser, system] of AGENTS) {
  test(`${browser[0] || 'an unknown browser'} on ${system[0] || 'an unknown system'} is told from the others`, () => {
    assert.deepEqual(find(BROWSERS, agent), browser);
    assert.deepEqual(find(SYSTEMS, agent), system);
  });
}
