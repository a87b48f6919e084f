// Rough weather: one button for each thing that can go wrong, in groups.
import { storm } from '../art';
import { byId, fill, html } from '../dom';
import type { Fault, FaultGroup } from '../faults/fault';
import { network } from '../faults/network';
import { shift } from '../faults/shift';
import { slow } from '../faults/slow';
import { telling } from '../faults/telling';
import { throwing } from '../faults/throw';
import type { View } from '../router';

const groups: FaultGroup[] = [throwing, network, slow, shift, telling];

// The id is what a vital's culprit is called by.
const entry = (fault: Fault) => html`
  <li class="fault">
    <button id="${fault.id}" data-testid="${fault.id}">${fault.button}</button>
    <p>${fault.what}</p>
    <output data-testid="${fault.id}-result"></output>
  </li>`;

const section = (group: FaultGroup) => html`
  <section class="group">
    <header><h2>${group.title}</h2><p>${group.lede}</p></header>
    <ul>${group.faults.map(entry)}</ul>
  </section>`;

export const rough: View = {
  name: 'rough-weather',
  title: 'Rough weather',
  draw({ root }) {
    fill(
      root,
      html`<header class="rough-head">
          ${storm}
          <div>
            <h1>Rough weather</h1>
            <p class="lede">Every button here breaks something, on purpose. Press one, then look at the terminal where the demo runs.</p>
          </div>
        </header>
        <div class="page rough">${groups.map(section)}</div>`,
    );
    for (const fault of groups.flatMap((group) => group.faults)) {
      const result = byId(root, `${fault.id}-result`);
      byId(root, fault.id).addEventListener('click', async () => {
        result.textContent = '…';
        result.textContent = await fault.run();
      });
    }
  },
};
