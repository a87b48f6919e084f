import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { defineConfig } from 'vite';

/** Puts the script-tag file beside plain.html, as a user would who hosts it, with the core that pages without Wasm ask for. */
function scriptTag() {
  return {
    name: 'farol-script-tag',
    generateBundle() {
      const folder = new URL('.', pathToFileURL(createRequire(import.meta.url).resolve('@farol/web/farol.js')));
      for (const fileName of ['farol.js', 'farol-nowasm.js']) {
        const file = new URL(fileName, folder);
        if (!existsSync(file)) this.error(`@farol/web has no ${fileName}: run \`cargo xtask sdk\` first`);
        this.emitFile({ type: 'asset', fileName, source: readFileSync(file) });
      }
    },
  };
}

/** Fonts are wanted before the style sheet is read: a late one would shift the page, and not on purpose. */
function preloadFonts() {
  return {
    name: 'preload-fonts',
    transformIndexHtml(_html, context) {
      return Object.keys(context.bundle ?? {})
        .filter((name) => name.endsWith('.woff2'))
        .map((name) => ({
          tag: 'link',
          injectTo: 'head-prepend',
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${name}`, crossorigin: true },
        }));
    },
  };
}

export default defineConfig({
  // Not minified, so that stacks in the terminal name the functions that a reader finds in src/faults.
  build: { target: 'es2022', minify: false, sourcemap: true, assetsInlineLimit: 0 },
  plugins: [scriptTag(), preloadFonts()],
  // `npm run dev` beside a running `farol-shop`.
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/late': 'http://127.0.0.1:8080' } },
});
