import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { defineConfig } from 'vite';

/** Puts the script-tag file beside plain.html, as a user would who hosts it, with the files that it asks for. */
function scriptTag() {
  return {
    name: 'farol-script-tag',
    generateBundle() {
      const folder = new URL('.', pathToFileURL(createRequire(import.meta.url).resolve('@farol/web/farol.js')));
      const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^farol(?!.*-\d+\.).*\.js$/.test(name)) : [];
      if (!names.includes('farol.js')) this.error('@farol/web has no farol.js: run `cargo xtask sdk` first');
      for (const fileName of names) this.emitFile({ type: 'asset', fileName, source: readFileSync(new URL(fileName, folder)) });
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
