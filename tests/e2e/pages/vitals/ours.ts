import { createPort } from '../../../../npm/web/src/core.js';
import { inlined } from '../../../../npm/web/src/load.js';
import { startVitals } from '../../../../npm/web/src/observe/vitals.js';
(window as any).ours = [];
const port = createPort({
  onSignal(signal, bytes) { if (signal == (99 as any)) (window as any).ours.push(JSON.parse(new TextDecoder().decode(bytes))); },
  onDeadline() {}, onFull() { console.error('full'); }, onLost() { console.error('lost'); },
});
port.open(inlined);
(window as any).stop = startVitals(port.put);
