/** `node --import tsx deploy/grafana/build.ts` writes dashboards/: what is checked in, provisioned, or imported by hand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { boards, written } from './all.js';

const folder = fileURLToPath(new URL('dashboards', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const board of boards) writeFileSync(`${folder}/${board.uid}.json`, written(board));
