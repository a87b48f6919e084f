/** The page sees nothing of ours where things of the browser's are missing: hostile/visits.ts. */
import { begin, harmless } from './hostile/visits.js';

begin();
harmless('is missing');
