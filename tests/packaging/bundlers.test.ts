/** The package built by the bundlers that its users have, each without a setting for it: what is built sends its first batch. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';
import { launch, type Browser } from '../e2e/driver/index.js';
import { main, pack, page, type Packed } from './packed.js';
import { listen, type Sink } from './sink.js';

let packed: Packed;
let sink: Sink;
let browser: Browser;

before(async () => {
  packed = await pack();
  sink = await listen(packed.folder);
  browser = await launch({ engine: 'chromium' });
});
after(async () => {
  await browser?.close();
  sink?.close();
  await packed?.remove();
});

/** Each takes the program from one folder to another, where `main.js` starts it. */
const BUNDLERS: Record<string, (entry: string, out: string) => Promise<void>> = {
  async esbuild(entry, out) {
    await esbuild({ entryPoints: [entry], outdir: out, bundle: true, format: 'esm', splitting: true, logLevel: 'error' });
  },
  async webpack(entry, out) {
    await new Promise<void>((done, fail) =>
      webpack({ mode: 'production', entry, output: { path: out, filename: 'main.js' } }, (error, stats) =>
        error || stats?.hasErrors() || stats?.hasWarnings() ? fail(error ?? new Error(stats!.toString())) : done()));
  },
  async Rollup(entry, out) {
    const warnings: string[] = [];
    // It finds packages by a plugin alone; there is no other setting.
    const bundle = await rollup({ input: entry, plugins: [nodeResolve()], onwarn: ({ message }) => void warnings.push(message) });
    await bundle.write({ dir: out, format: 'es' });
    assert.deepEqual(warnings, []);
  },
};

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  test(`bundled by ${name}, it sends its first batch and finds its second file`, async () => {
    const event = `from-${name.toLowerCase()}`;
    const [source, out] = [join(packed.folder, event), join(packed.folder, `${event}-built`)];
    await mkdir(source);
    // The types are looked at elsewhere; not each bundler reads them.
    await writeFile(join(source, 'main.js'), main(event).replace(', type Client', '').replace(': Client', '').replace('!', ''));
    await bundle(join(source, 'main.js'), out);
    await writeFile(join(out, 'index.html'), page('<script type="module" src="main.js"></script>', sink.url));
    const tab = await browser.newPage();
    await tab.goto(`${sink.url}/${event}-built/index.html`);
    const { body } = await sink.batch((text) => text.includes(event));
    assert.match(body, /"name":"packed"/);
    // A failed load is seen by the second file alone.
    await tab.evaluate("document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/gone.png' }))");
    await sink.batch((text) => text.includes('farol.failed_load') && text.includes('gone.png'));
    assert.deepEqual(tab.errors(), []);
    await tab.close();
  });
}

for (const name of ['esbuild', 'Rollup']) {
  test(`of the features that are not in the list ${name} keeps none, where \`init\` comes from the entry without them`, async () => {
    const [source, out] = [join(packed.folder, `lean-${name}.js`), join(packed.folder, `lean-${name}-built`)];
    await writeFile(source, "import { init } from '@farol/web/lean';\nimport { loads } from '@farol/web/more';\ninit({ url: '/', features: [loads] });\n");
    await BUNDLERS[name]!(source, out);
    const built = await readFile(join(out, `lean-${name}.js`), 'utf8');
    assert.match(built, /farol\.failed_load/);
    assert.doesNotMatch(built, /farol\.frustration|farol\.report|indexedDB\.open/);
  });
}

test('the file for a script tag is in the bundle that imports it for its effect', async () => {
  const entry = join(packed.folder, 'effect.js');
  await writeFile(entry, "import '@farol/web/farol.js';\n");
  const { outputFiles: [built] } = await esbuild({ entryPoints: [entry], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  assert.match(built!.text, /captureError/);
});

test('built by Next.js, it is rendered on the server and sends from the page', { skip: !process.env['FAROL_FULL'] && 'only with --full: it is some 200 MB' }, async () => {
  const folder = join(packed.folder, 'next');
  await mkdir(join(folder, 'app'), { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'next-user', private: true }));
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', 'next', 'react', 'react-dom', packed.tarball], { cwd: folder, stdio: 'inherit' });
  await writeFile(join(folder, 'next.config.mjs'), "export default { output: 'export', basePath: '/next/out', assetPrefix: '/next/out' };\n");
  await writeFile(join(folder, 'app/layout.js'), 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n');
  await writeFile(
    join(folder, 'app/page.js'),
    `'use client';
import { init } from '@farol/web';
// Where it is rendered on the server there is no page, and nothing happens.
const client = init({ url: ${JSON.stringify(sink.url)}, app: { name: 'packed' } });
client.event('from-next');
client.flush();
export default function Page() { return <h1>{client.sessionId() ? 'page' : 'server'}</h1>; }
`,
  );
  execFileSync(process.execPath, [join(folder, 'node_modules/next/dist/bin/next'), 'build'], { cwd: folder, stdio: 'inherit', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
  assert.match(await readFile(join(folder, 'out/index.html'), 'utf8'), /<h1>server<\/h1>/);
  assert.ok((await readdir(join(folder, 'out'))).includes('_next'));
  const tab = await browser.newPage();
  await tab.goto(`${sink.url}/next/out/index.html`);
  await sink.batch((text) => text.includes('from-next'));
  await tab.close();
});
