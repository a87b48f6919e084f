/** What still arrives from pages in which things of the browser's throw: hostile/items.ts. */
import { arrives, begin } from './hostile/items.js';

begin();
arrives('throws');
