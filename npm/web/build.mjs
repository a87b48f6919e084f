// The bundles of @farol/web, made by `cargo xtask sdk` after the core stands in target/sdk and gen/.
import { build } from 'esbuild';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const wasm = readFileSync('../../target/sdk/core.wasm');
// One code point a byte: 5 % over the bytes themselves under brotli, where base64 costs 30 %.
writeFileSync('gen/core-wasm.js', `export const wasm = ${JSON.stringify(wasm.toString('latin1'))};\n`);
writeFileSync('gen/core-wasm.d.ts', 'export const wasm: string;\n');
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
  supported: { 'optional-chain': true },
};
// A module is always read as UTF-8; a classic script may not be, so it holds ASCII alone.
await build({ ...common, entryPoints: ['src/index.ts', 'src/testing.ts', 'src/no-wasm.ts'], outdir: 'dist', format: 'esm', charset: 'utf8' });
await build({ ...common, entryPoints: { farol: 'src/script.ts' }, outdir: 'dist', format: 'iife', charset: 'ascii' });
cpSync('dist/no-wasm.js', 'dist/farol-nowasm.js');
// Beside those that follow the newest release, the ones that never change under their name.
for (const name of ['farol', 'farol-nowasm']) copyFileSync(`dist/${name}.js`, `dist/${name}-${version}.js`);

const tsc = createRequire(import.meta.url).resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
// The entries speak of public types alone; the declarations of what is behind them are nobody's.
const declared = ['index', 'types', 'testing', 'no-wasm'].map((name) => `${name}.d.ts`);
for (const name of readdirSync('dist', { recursive: true })) {
  if (name.endsWith('.d.ts') && !declared.includes(name)) rmSync(`dist/${name}`);
}
for (const name of ['observe', 'send']) rmSync(`dist/${name}`, { recursive: true, force: true });
