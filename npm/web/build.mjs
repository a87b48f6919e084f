// The bundles of @farol/web, made by `cargo xtask sdk` after the core stands in target/sdk and gen/.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const wasm = readFileSync('../../target/sdk/core.wasm');
// One code point a byte: 5 % over the bytes themselves under brotli, where base64 costs 30 %.
writeFileSync('gen/core-wasm.js', `export const wasm = ${JSON.stringify(wasm.toString('latin1'))};\n`);
writeFileSync('gen/core-wasm.d.ts', 'export const wasm: string;\n');
writeFileSync('gen/glue.d.ts', `import type { CoreExports, CreateCore } from '../src/core.js';
export const createCore: (instantiate: (imports: WebAssembly.Imports) => CoreExports) => CreateCore;
`);
writeFileSync('gen/core-js.d.ts', `import type { CoreExports } from '../src/core.js';
export const instantiate: (imports: WebAssembly.Imports) => CoreExports;
`);

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const common = { bundle: true, minify: true, target: ['chrome90', 'firefox90', 'safari15.1'], legalComments: 'none', logLevel: 'warning' };
// A module is always read as UTF-8; a classic script may not be, so it holds ASCII alone.
await build({ ...common, entryPoints: ['src/index.ts'], outdir: 'dist', format: 'esm', charset: 'utf8' });
await build({ ...common, entryPoints: { farol: 'src/script.ts' }, outdir: 'dist', format: 'iife', charset: 'ascii' });

const tsc = createRequire(import.meta.url).resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
