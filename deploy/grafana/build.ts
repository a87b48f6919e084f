/** `node --import tsx deploy/grafana/build.ts` writes dashboards/: what is checked in, provisioned, or imported by hand. The chart's copies too. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { write } from '../helm/build.js';
import { boards, written } from './all.js';

const folder = fileURLToPath(new URL('dashboards', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const board of boards) writeFileSync(`${folder}/${board.uid}.json`, written(board));
write();
