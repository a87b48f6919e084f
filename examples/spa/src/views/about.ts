// What this shop is for.
import { fill, html } from '../dom';
import type { View } from '../router';

export const about: View = {
  name: 'about',
  title: 'The light',
  draw({ root }) {
    fill(
      root,
      html`<article class="page beside"><div class="prose">
        <h1>The light</h1>
        <p class="lede">A farol is a lighthouse. It does not sail the ships; it lets those ashore and those at sea know where things stand.</p>
        <p>This shop is the example app of Farol, real user monitoring that a team hosts itself. A small SDK runs in this page and tells a collector, which runs beside it, how the page does: how fast it painted, what shifted, what broke, how long the backend took.</p>
        <p>Everything that you do here arrives in the terminal where the demo was started, one line an item. Nothing leaves this machine.</p>
        <h2>What to try</h2>
        <ul>
          <li>Load the <a href="/">shelf</a> and wait: its picture is late and a banner pushes the goods down.</li>
          <li>Put a <a href="/product/lantern">lantern</a> in the cart and check out: one trace, from the click to the backend.</li>
          <li>Go out in <a href="/rough-weather">rough weather</a>, where every button breaks something.</li>
        </ul>
        </div><img src="/harbour.svg" alt="The lighthouse and the keeper’s house" width="800" height="1000"></article>`,
    );
  },
};
