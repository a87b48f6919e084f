/** The script-tag file: the global `Farol`. */
import * as Farol from './index.js';
(window as unknown as { Farol: unknown }).Farol = Farol;
