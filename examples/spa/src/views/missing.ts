// Every path that no other view takes.
import { fill, html } from '../dom';
import type { View } from '../router';

export const missing: View = {
  name: 'missing',
  title: 'Off the chart',
  draw({ root }) {
    fill(
      root,
      html`<section class="page narrow">
        <h1 data-testid="missing">Off the chart.</h1>
        <p class="lede">There is no such page. The light is that way.</p>
        <p class="actions"><a class="button" href="/">Back to the shelf</a></p>
      </section>`,
    );
  },
};
