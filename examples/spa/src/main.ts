// The shop's start: telemetry first, then the frame around the views, then the views.
import './telemetry';
import { drawFrame } from './frame';
import { start } from './router';
import { about } from './views/about';
import { cartView } from './views/cart';
import { checkout } from './views/checkout';
import { home } from './views/home';
import { missing } from './views/missing';
import { productView } from './views/product';
import { rough } from './views/rough';

const place = document.querySelector<HTMLElement>('#view');
if (place) start([home, productView, cartView, checkout, rough, about, missing], place, drawFrame());
