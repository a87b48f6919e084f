// The bundles of @farol/web, made by `cargo xtask sdk` after the core stands in target/sdk and gen/.
import { build } from 'esbuild';
import { minify } from 'terser';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const ESCAPES = { '\n': '\\n', '\r': '\\r', '"': '\\"', '\\': '\\\\' };
/** A string literal, each character but these as it is. `\0` before a digit would be another character. */
const literal = (text) => `"${text.replace(/[\n\r"\\]/g, (char) => ESCAPES[char]).replace(/\0(?=\d)/g, '\\x00').replace(/\0/g, '\\0')}"`;
/** The core in its packed form, which is text, and the module that unpacks it: as numbers, which engines read without running code. */
const packed = literal(readFileSync('../../target/sdk/core.packed', 'utf8'));
const unpacker = `[${[...readFileSync('../../target/sdk/unpack.wasm')]}]`;
writeFileSync('gen/core-wasm.js', `export const packed = ${packed};\nexport const unpacker = ${unpacker};\n`);
writeFileSync('gen/core-wasm.d.ts', 'export const packed: string;\nexport const unpacker: number[];\n');
writeFileSync('gen/glue.d.ts', `import type { CoreExports, CreateCore } from '../src/core.js';
export const createCore: (instantiate: (imports: WebAssembly.Imports) => CoreExports | PromiseLike<CoreExports>) => CreateCore;
`);
writeFileSync('gen/core-js.d.ts', `import type { CoreExports } from '../src/core.js';
export const instantiate: (imports: WebAssembly.Imports) => CoreExports;
`);

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
// Names that end in an underscore are private to a bundle (src/sdk.ts) and need not be spelled out in it.
const common = {
  bundle: true, minify: true, target: ['chrome90', 'firefox90', 'safari15.1'], legalComments: 'none', logLevel: 'warning', mangleProps: /[a-z]_$/,
  // Chrome 80 has it; what keeps esbuild from it before 91 is a bug in calls that spread arguments, of which there are none.
  supported: { 'optional-chain': true, 'logical-assignment': false },
};
/** Minifiers spell these literals in their own, longer way: they take the places of names when they are done. */
const LITERALS = { __FAROL_CORE__: packed, __FAROL_UNPACKER__: unpacker };

/** Shortened names are the same in all files of one build: the second file speaks to the first. */
let mangleCache = {};

const core = {
  name: 'core',
  setup: (build) => build.onLoad({ filter: /core-wasm\.js$/ }, () => ({ contents: 'export const packed = __FAROL_CORE__; export const unpacker = __FAROL_UNPACKER__;' })),
};

/** esbuild bundles; terser, run after it, saves 5 % more. Its `unsafe` stays off: to it `String(x)` is `x + ''`, which throws for a symbol. */
async function bundle(entry, name, module) {
  const { outputFiles: [{ text }], mangleCache: known } = await build({
    ...common, entryPoints: [entry], plugins: [core], write: false, format: module ? 'esm' : 'iife', charset: 'utf8', mangleCache,
    // Files of their own.
    external: ['./more.js', './extra.js'],
  });
  mangleCache = known;
  // The core stands behind all code, as what that is called with: brotli finds 170 bytes more than where it stands in the midst of it.
  const behind = module ? text : text.replace(/__FAROL_(CORE|UNPACKER)__/g, '$1').replace('(()=>{', '((UNPACKER,CORE)=>{').replace(/\}\)\(\);\n?$/, '})(__FAROL_UNPACKER__,__FAROL_CORE__);');
  const { code } = await minify(behind, {
    module, toplevel: true, ecma: 2020, compress: { passes: 3, pure_getters: true, keep_fargs: false, unsafe_arrows: true },
    format: { comments: false, quote_style: 2 },
  });
  let whole = code;
  for (const [place, text] of Object.entries(LITERALS)) {
    const parts = whole.split(place);
    if (parts.length > 2) throw new Error(`${name}: ${place} would be in it ${parts.length - 1} times`);
    whole = parts.join(text);
  }
  // A module is always read as UTF-8, a classic script in the page's encoding, unless it begins with this mark. Chrome compiles the functions of a
  // script that says so while it reads it, which costs less than each when it is first called: most of ours run at the start.
  const head = module ? '' : '\ufeff//# allFunctionsCalledOnLoad\n';
  writeFileSync(`dist/${name}.js`, head + whole);
  return head + whole;
}

const digest = (text, how, form) => createHash(how).update(text).digest(form);

await bundle('src/index.ts', 'index', true);
await bundle('src/lean.ts', 'lean', true);
await bundle('src/testing.ts', 'testing', true);
await bundle('src/no-wasm.ts', 'no-wasm', true);
await bundle('src/worker.ts', 'worker', true);
/** By its hash no cache mixes two builds, whose shortened names differ. */
function hashed(name, text) {
  const whole = `${name}-${digest(text, 'sha256', 'hex').slice(0, 12)}.js`;
  writeFileSync(`dist/${whole}`, text);
  return whole;
}

const extra = hashed('farol-extra', await bundle('src/extra.ts', 'extra', true));
const more = await bundle('src/more.ts', 'more', true);
LITERALS.__FAROL_MORE__ = literal(hashed('farol-more', more.replace('./extra.js', `./${extra}`)));
await bundle('src/script.ts', 'farol', false);
const { outputFiles: [snippet] } = await build({ ...common, entryPoints: ['src/snippet.ts'], write: false, charset: 'utf8' });
writeFileSync('dist/farol-snippet.js', (await minify(snippet.text, { ecma: 2020, compress: { passes: 3, unsafe_arrows: true }, format: { comments: false } })).code);
copyFileSync('dist/no-wasm.js', 'dist/farol-nowasm.js');
// Beside those that follow the newest release, the ones that never change under their name.
for (const name of ['farol', 'farol-nowasm']) copyFileSync(`dist/${name}.js`, `dist/${name}-${version}.js`);
/** For the attribute `integrity` of script tags. */
const scripts = readdirSync('dist').filter((name) => /^farol.*\.js$/.test(name)).sort();
writeFileSync('dist/integrity.json', JSON.stringify(Object.fromEntries(scripts.map((name) => [name, `sha384-${digest(readFileSync(`dist/${name}`), 'sha384', 'base64')}`])), null, 2) + '\n');

/** For apps in Rust one file without a core, which `sdk-wasm` carries and git keeps: as it can be read, for its diffs; app bundlers make it small. */
const app = await build({
  bundle: true, target: common.target, legalComments: 'none', logLevel: 'warning', entryPoints: ['src/rust-app.ts'], write: false, format: 'esm', charset: 'utf8',
  banner: { js: '// Made of npm/web/src by `cargo xtask sdk`, which git keeps so that a crate is whole. Not to be edited.' },
  plugins: [{
    name: 'app',
    setup(build) {
      build.onResolve({ filter: /\/load\.js$/ }, () => ({ path: resolve('src/load-app.ts') }));
      // Nobody asks for what would come later: left out as unused, if it need not be made one of the file's own modules first.
      build.onResolve({ filter: /./ }, ({ kind }) => (kind == 'dynamic-import' ? { external: true } : undefined));
    },
  }],
});
mkdirSync('../../sdk-wasm/js', { recursive: true });
writeFileSync('../../sdk-wasm/js/rust-app.js', app.outputFiles[0].text);

const tsc = createRequire(import.meta.url).resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
// The entries speak of public types alone; the declarations of what is behind them are nobody's.
const declared = ['index', 'lean', 'types', 'testing', 'no-wasm', 'more', 'extra', 'worker', 'farol'].map((name) => `${name}.d.ts`);
for (const name of readdirSync('dist', { recursive: true })) {
  if (name.endsWith('.d.ts') && !declared.includes(name)) rmSync(`dist/${name}`);
}
for (const name of ['observe', 'send', 'more']) rmSync(`dist/${name}`, { recursive: true, force: true });
