/** What still arrives from pages in which things of the browser's are missing: hostile/items.ts. */
import { arrives, begin } from './hostile/items.js';

begin();
arrives('is missing');
