/**
 * The npm package as its users get it: packed, installed into a fresh folder, type-checked, imported on a server, bundled by Vite,
 * and loaded from a plain HTML file by a script tag.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build, createServer } from 'vite';
import { launch, type Browser } from '../e2e/driver/index.js';
import { main, pack, page, root, type Packed } from './packed.js';
import { listen, type Sink } from './sink.js';

const require = createRequire(import.meta.url);

let packed: Packed;
let folder: string;
let sink: Sink;
let browser: Browser;

before(async () => {
  packed = await pack();
  ({ folder } = packed);
  sink = await listen(folder);
  browser = await launch({ engine: 'chromium' });
});

after(async () => {
  await browser?.close();
  sink?.close();
  await packed?.remove();
});

test('the package holds what its manifest names, and nothing of its sources', async () => {
  const { installed } = packed;
  const files = await readdir(installed);
  assert.deepEqual(files.sort(), ['LICENSE', 'README.md', 'dist', 'package.json']);
  const { exports } = require(join(installed, 'package.json')) as { exports: Record<string, string | Record<string, string>> };
  const named = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  const there = (await readdir(installed, { recursive: true })).map((file) => `./${file}`);
  for (const target of named) {
    const [start = '', end = ''] = target.split('*');
    assert.ok(there.some((file) => (target.includes('*') ? file.startsWith(start) && file.endsWith(end) : file === target)), `${target} is named and missing`);
  }
  const resolve = createRequire(join(folder, 'main.js')).resolve;
  for (const file of there.filter((file) => /\/(farol.*\.js|integrity\.json)$/.test(file))) assert.ok(resolve(file.replace('./dist', '@farol/web')), 'what is for script tags can be named');
});

test('it can be imported on a server, and does nothing there', () => {
  const out = execFileSync(
    process.execPath,
    ['--input-type=module', '-e', "const m = await import('@farol/web'); const c = m.init({ url: 'http://127.0.0.1:9', app: { name: 'x' } }); c.event('e'); console.log(typeof m.init, c.sessionId());"],
    { cwd: folder, encoding: 'utf8' },
  );
  assert.match(out, /^function /);
});

test('its types check in a strict project', async () => {
  await writeFile(join(folder, 'main.ts'), main('from-vite'));
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: 'ES2022', module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM'], types: [] }, files: ['main.ts'] }),
  );
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' });
});

test('bundled by Vite, it sends its first batch', async () => {
  await writeFile(join(folder, 'main.ts'), main('from-vite'));
  await writeFile(join(folder, 'index.html'), page('<script type="module" src="/main.ts"></script>', sink.url));
  await build({ root: folder, base: '/built/', logLevel: 'error', build: { outDir: 'built' } });
  const tab = await browser.newPage();
  await tab.goto(`${sink.url}/built/index.html`);
  const { body } = await sink.batch((text) => text.includes('"from-vite"'));
  assert.match(body, /"name":"packed"/);
  await tab.close();
});

test('where Vite runs the module anew, what docs/sdk.md has it say ends the client before', async () => {
  const docs = await readFile(join(root, 'docs/sdk.md'), 'utf8');
  const said = /^.*import\.meta\.hot.*$(\n.*$)*?(?=\n```)/m.exec(docs)![0];
  const hot = join(folder, 'hot');
  await mkdir(hot);
  // Whoever imports it accepts its own updates, as each component of React's or Vue's does.
  await writeFile(join(hot, 'app.ts'), "import './rum';\ndocument.title = String(Number(document.title) + 1);\nimport.meta.hot!.accept();\n");
  const init = "const live = ((window as any).live ??= new Set()), init = (_: object) => { const client = { shutdown: () => void live.delete(client) }; live.add(client); return client; }, url = '/';\n";
  await writeFile(join(hot, 'rum.ts'), init + said);
  await writeFile(join(hot, 'index.html'), '<!doctype html><title>0</title><link rel="icon" href="data:,"><script type="module" src="/app.ts"></script>');
  const server = await createServer({ root: hot, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } });
  try {
    await server.listen();
    const tab = await browser.newPage();
    await tab.goto(server.resolvedUrls!.local[0]!);
    await tab.waitFor("document.title === '1'", { what: 'the app' });
    await writeFile(join(hot, 'rum.ts'), `${init}${said}\n// Edited.\n`);
    await tab.waitFor("document.title === '2'", { what: 'the app, anew' });
    assert.equal(await tab.evaluate('live.size'), 1);
    await tab.close();
  } finally {
    await server.close();
  }
});

for (const [how, address] of [
  ['over HTTP', () => `${sink.url}/plain.html`],
  ['from the disk', () => pathToFileURL(join(folder, 'plain.html')).href],
] as const) {
  test(`as one script tag in a plain HTML file ${how}, it configures itself`, async () => {
    const installed = join(packed.installed, 'dist');
    await mkdir(join(folder, 'assets'), { recursive: true });
    for (const file of (await readdir(installed)).filter((file) => /^farol.*\.js$/.test(file))) await copyFile(join(installed, file), join(folder, 'assets', file));
    const name = `tag-${how.replaceAll(' ', '-')}`;
    const tag = `<script src="assets/farol.js" data-url="${sink.url}" data-app="${name}" data-version="2.0.1" data-environment="test" data-sample-rate="1"></script>`;
    await writeFile(join(folder, 'plain.html'), page(tag, sink.url));
    const tab = await browser.newPage();
    await tab.goto(address());
    await tab.evaluate('Farol.event("from-tag", { n: 1 }); Farol.flush()');
    const { body } = await sink.batch((text) => text.includes('"from-tag"') && text.includes(name));
    assert.match(body, /"version":"2\.0\.1"/);
    assert.match(body, /"environment":"test"/);
    assert.match(body, /"session_start"/);
    await tab.close();
  });
}
