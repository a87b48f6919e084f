/** The SDK's files for script tags, as a server has them: farol.js and those that it asks for from beside itself. */
import { readdirSync, readFileSync } from 'node:fs';

const dist = new URL('../../../npm/web/dist/', import.meta.url);

/** `/farol.js` and the others, by path. */
export const sdkFiles = (): Map<string, Buffer> =>
  new Map(readdirSync(dist).filter((name) => /^farol.*\.js$/.test(name)).map((name) => [`/${name}`, readFileSync(new URL(name, dist))]));
