// The goods, drawn: one picture each, all in the same five colours.
import { Markup } from './dom';

const N = '#14243d'; // night
const R = '#c8452f'; // day mark red
const D = '#8f2f28'; // its shade
const B = '#d9a441'; // brass
const S = '#a8752a'; // its shade
const P = '#fff6e3'; // paper
const T = '#dccbb0'; // its shade
const L = '#ffe3a0'; // light
const K = '#3d7068'; // kelp
const G = '#bcd6d3'; // glass

const drawings: Record<string, string> = {
  lantern: `<circle cx="100" cy="112" r="84" fill="${L}" opacity=".12"/><circle cx="100" cy="112" r="64" fill="${L}" opacity=".2"/><circle cx="100" cy="112" r="46" fill="${L}" opacity=".5"/>
    <path d="M62 62a38 38 0 0 1 76 0" fill="none" stroke="${B}" stroke-width="5" stroke-linecap="round"/>
    <path d="M84 46h32l-5 14H89z" fill="${S}"/><path d="M76 60h48l10 16H66z" fill="${B}"/><path d="M112 60h12l10 16h-16z" fill="${S}"/>
    <path d="M70 76h60v62H70z" fill="${P}"/><path d="M70 76h60v62H70z" fill="${L}" opacity=".6"/>
    <path d="M100 92q17 17 10 32-4 8-10 8t-10-8q-6-14 10-32z" fill="${R}"/><path d="M100 106q8 9 4 18-2 5-4 5t-4-5q-4-8 4-18z" fill="${L}"/>
    <path d="M70 76v62M90 76v62M110 76v62M130 76v62" stroke="${N}" stroke-width="4"/>
    <path d="M62 138h76v10H62z" fill="${S}"/><path d="M66 148h68l6 24H60z" fill="${B}"/><path d="M116 148h18l6 24h-20z" fill="${S}"/>`,
  lens: `<path d="M56 160h88l8 14H48z" fill="${N}"/><path d="M64 148h72v12H64z" fill="${B}"/><path d="M112 148h24v12h-24z" fill="${S}"/>
    <path d="M100 28c34 0 50 34 50 62s-16 58-50 58-50-30-50-58 16-62 50-62z" fill="${G}"/>
    <path d="M100 28c34 0 50 34 50 62s-16 58-50 58c26-4 36-34 36-60s-10-54-36-60z" fill="#8fb8b6"/>
    <circle cx="100" cy="90" r="22" fill="${L}"/><circle cx="100" cy="90" r="12" fill="${P}"/>
    <g fill="none" stroke="${P}" stroke-width="4" opacity=".9"><path d="M72 66q28-26 56 0M66 54q34-30 68 0M74 41q26-18 52 0"/><path d="M72 114q28 26 56 0M66 126q34 30 68 0M76 139q24 14 48 0"/></g>
    <path d="M64 72q-6 20 2 40" stroke="${P}" stroke-width="5" fill="none" stroke-linecap="round" opacity=".8"/>`,
  oilskin: `<path d="M84 40q16 12 32 0l34 18 18 74-24 8-10-40-2 76H68l-2-76-10 40-24-8 18-74z" fill="${B}"/>
    <path d="M116 40l34 18 18 74-24 8-10-40-2 76h-30q14-60 6-126z" fill="${S}"/>
    <path d="M78 42q22-22 44 0 2 12-8 18-14 10-28 0-10-6-8-18z" fill="${N}"/><path d="M84 46q16 14 32 0l-4 12q-12 8-24 0z" fill="${S}"/>
    <path d="M101 62v114" stroke="${N}" stroke-width="3"/><g fill="${N}"><circle cx="108" cy="82" r="4"/><circle cx="108" cy="106" r="4"/><circle cx="108" cy="130" r="4"/></g>
    <path d="M72 134h20v22H72zM112 140h18v18h-18z" fill="none" stroke="${N}" stroke-width="3"/><path d="M40 124l24 7M160 124l-22 7" stroke="${N}" stroke-width="3"/>`,
  bell: `<path d="M40 44h120v12H40z" fill="${N}"/><path d="M48 56h10v118H48zM142 56h10v118h-10z" fill="${N}"/><path d="M36 170h128v10H36z" fill="${N}"/>
    <path d="M94 56h12v12H94z" fill="${S}"/><path d="M100 66c24 0 26 22 28 44 1 14 6 22 12 28H60c6-6 11-14 12-28 2-22 4-44 28-44z" fill="${B}"/>
    <path d="M100 66c24 0 26 22 28 44 1 14 6 22 12 28h-28c6-30 4-66-12-72z" fill="${S}"/><path d="M56 138h88v9H56z" fill="${B}"/><path d="M112 138h32v9h-32z" fill="${S}"/>
    <circle cx="100" cy="154" r="9" fill="${R}"/><path d="M84 84q-5 16-5 34" stroke="${P}" stroke-width="5" stroke-linecap="round" fill="none" opacity=".75"/>
    <path d="M30 112q-8 12 0 24M18 104q-12 20 0 40M170 112q8 12 0 24M182 104q12 20 0 40" stroke="${R}" stroke-width="4" fill="none" stroke-linecap="round"/>`,
  logbook: `<path d="M54 38h90q8 0 8 8v120q0 8-8 8H54z" fill="${K}"/><path d="M48 38h16v136H48q-4 0-4-8V46q0-8 4-8z" fill="#2a524c"/>
    <path d="M60 162h92v6q0 6-8 6H60z" fill="${P}"/><path d="M60 167h90" stroke="${T}" stroke-width="2"/>
    <path d="M80 62h56v40H80z" fill="${P}"/><path d="M88 74h40M88 83h40M88 92h24" stroke="${N}" stroke-width="3"/>
    <path d="M102 116l12 0 4 34H98z" fill="${P}"/><path d="M100.500 126h15l1 9h-17zM98.700 142h18.600l.7 8H98z" fill="${R}"/><path d="M102 108h12v8h-12zM100 108l8-7 8 7z" fill="${B}"/>
    <path d="M128 38h10v44l-5-6-5 6z" fill="${R}"/>
    <path d="M150 132l26-62 9 4-26 62-10 8z" fill="${B}"/><path d="M149 144l1-12 9 4z" fill="${N}"/>`,
  mug: `<path d="M132 88h18q18 0 18 24t-24 28h-14v-14h12q12 0 12-14t-8-10h-14z" fill="${N}"/>
    <path d="M48 72h90l-4 84q-1 16-16 16H68q-15 0-16-16z" fill="${P}"/><path d="M112 72h26l-4 84q-1 16-16 16h-18q12-30 12-100z" fill="${T}"/>
    <path d="M46 66h94v12H46z" fill="${N}"/><path d="M49.300 100h87.600l-1 22H50.400z" fill="${R}"/><path d="M111 100h26l-1 22h-26z" fill="${D}"/>
    <path d="M78 54q-10-10 0-20t0-20M104 54q-10-10 0-20t0-20" stroke="${P}" stroke-width="6" fill="none" stroke-linecap="round"/>
    <path d="M60 132l6 0M62 144l10 2" stroke="${N}" stroke-width="3" stroke-linecap="round"/>`,
  barometer: `<circle cx="100" cy="38" r="9" fill="none" stroke="${S}" stroke-width="5"/><circle cx="100" cy="110" r="66" fill="${B}"/><path d="M100 44a66 66 0 0 1 0 132 80 80 0 0 0 0-132z" fill="${S}"/>
    <circle cx="100" cy="110" r="53" fill="${P}"/><circle cx="100" cy="110" r="53" fill="none" stroke="${N}" stroke-width="3"/>
    <path d="M100 64v10M67.500 77.500l7 7M132.500 77.500l-7 7M54 110h10M146 110h-10M67.500 142.500l7-7M132.500 142.500l-7-7" stroke="${N}" stroke-width="3.500" stroke-linecap="round"/>
    <path d="M68 92a37 37 0 0 1 22-17" stroke="${R}" stroke-width="6" fill="none"/><path d="M110 75a37 37 0 0 1 22 17" stroke="${K}" stroke-width="6" fill="none"/>
    <path d="M104 114L70 84l26 34z" fill="${R}"/><path d="M100 110l22 26" stroke="${B}" stroke-width="4" stroke-linecap="round"/><circle cx="100" cy="110" r="7" fill="${N}"/>
    <path d="M84 140h32" stroke="${T}" stroke-width="4" stroke-linecap="round"/>`,
  blanket: `<path d="M40 58q0-12 12-12h96q12 0 12 12v22H40z" fill="${P}"/><path d="M122 46h26q12 0 12 12v22h-38z" fill="${T}"/><path d="M40 62h120v10H40z" fill="${R}"/><path d="M122 62h38v10h-38z" fill="${D}"/>
    <path d="M36 92q0-12 12-12h104q12 0 12 12v22H36z" fill="${R}"/><path d="M124 80h28q12 0 12 12v22h-40z" fill="${D}"/><path d="M36 94h128v9H36z" fill="${P}"/>
    <path d="M32 128q0-14 12-14h112q12 0 12 14v28q0 10-10 10H42q-10 0-10-10z" fill="${N}"/><path d="M126 114h30q12 0 12 14v28q0 10-10 10h-32z" fill="#0c1728"/><path d="M32 132h136v8H32z" fill="${B}"/><path d="M32 148h136v4H32z" fill="${P}"/>
    <path d="M44 166v12M56 166v12M68 166v12M80 166v12M92 166v12M104 166v12M116 166v12M128 166v12M140 166v12M152 166v12" stroke="${N}" stroke-width="3.500" stroke-linecap="round"/>`,
};

const tints: Record<string, string> = {
  lantern: '#1c3a55',
  lens: '#f0d9a8',
  oilskin: '#c9dcd8',
  bell: '#ecc9b4',
  logbook: '#f1e3c6',
  mug: '#8fb8b6',
  barometer: '#d7e3dc',
  blanket: '#eac48a',
};

/** The picture of a product; decoration, since the name stands beside it. */
export const art = (id: string): Markup =>
  new Markup(
    `<svg class="art" viewBox="0 0 200 200" aria-hidden="true" style="--tint:${tints[id] ?? '#e4dccb'}">${drawings[id] ?? ''}</svg>`,
  );

/** Rough weather: what stands behind that page's title. */
export const storm = new Markup(
  `<svg class="storm" viewBox="0 0 1200 260" preserveAspectRatio="xMaxYMax slice" aria-hidden="true">
    <path d="M868 67l-9 26M673 156l-9 26M594 91l-9 26M1129 15l-9 26M923 111l-9 26M615 68l-9 26M1012 81l-9 26M1025 28l-9 26M733 20l-9 26M894 166l-9 26M944 139l-9 26M820 134l-9 26M651 52l-9 26M995 131l-9 26M843 16l-9 26M750 38l-9 26M759 146l-9 26M710 160l-9 26M1118 10l-9 26M817 89l-9 26M604 76l-9 26M1134 20l-9 26M948 22l-9 26M937 161l-9 26M712 1l-9 26M640 97l-9 26M600 15l-9 26M888 166l-9 26M842 72l-9 26M973 17l-9 26M938 31l-9 26M955 172l-9 26M623 100l-9 26M954 27l-9 26M751 179l-9 26M1189 22l-9 26M1013 171l-9 26M732 110l-9 26M616 66l-9 26M994 106l-9 26M1055 16l-9 26M798 156l-9 26M940 81l-9 26M831 177l-9 26M935 3l-9 26M1070 59l-9 26M850 38l-9 26M856 58l-9 26M643 113l-9 26M652 141l-9 26M605 141l-9 26M1075 90l-9 26M1016 45l-9 26M1033 77l-9 26M729 174l-9 26M831 67l-9 26M1106 66l-9 26M991 31l-9 26M1096 47l-9 26M620 176l-9 26" stroke="#6d87a3" stroke-width="2" stroke-linecap="round" opacity=".55"/>
    <g fill="#2a3f5c"><path d="M640 66q4-40 52-40 18-30 58-22 40-12 62 20 46-4 52 30 40 0 40 24t-40 22H650q-44-4-10-34z"/></g>
    <path d="M900 34q6-34 48-32 20-22 54-12 34-8 52 18 40-2 46 28 34 2 30 22-2 18-36 18H910q-44-8-10-42z" fill="#384f6e"/>
    <path d="M786 98l-34 56h24l-22 52 58-70h-26l30-38z" fill="${L}"/>
    <path d="M0 214q50-26 100 0t100 0 100 0 100 0 100 0 100 0 100 0 100 0 100 0 100 0 100 0 100 0v60H0z" fill="#1f4a63"/>
    <g transform="translate(1010 196) rotate(-13)"><path d="M-52 0q8 26 26 28h64q18-4 24-30z" fill="${R}"/><path d="M-44 14h98l-6 8h-88z" fill="${P}"/><path d="M4-4V-96L-40-10z" fill="${P}"/><path d="M10-4V-80q36 30 38 72z" fill="${T}"/><path d="M6-102V2" stroke="${N}" stroke-width="4"/></g>
    <path d="M-40 232q60-34 120 0t120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0v40H-40z" fill="#183a54"/>
    <path d="M-80 252q70-26 140 0t140 0 140 0 140 0 140 0 140 0 140 0 140 0 140 0 140 0v20H-80z" fill="#fff9ec"/>
  </svg>`,
);
