/** `node --import tsx deploy/kibana/build.ts` writes farol.ndjson: what is checked in, and imported by Kibana's Saved Objects page or API. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { written } from './all.js';

writeFileSync(fileURLToPath(new URL('farol.ndjson', import.meta.url)), written());
