/** Both measurements in one (fake) page: ours as its users have it in their tests. */
import { init } from '@farol/web';
import { createTestTransport } from '@farol/web/testing';
import './google.js';
import type { Vital } from './google.js';

const problems: string[] = [];
const { transport, measurements } = createTestTransport();
init({ url: 'https://rum.test', transport, onDiagnostic: (code, detail) => problems.push(`${code} ${detail}`), features: [], capture: { errors: false, fetch: false, xhr: false, navigation: false, clicks: false } });

Object.assign(globalThis, { problems });
(globalThis as unknown as { ours: () => Vital[] }).ours = () =>
  measurements().map((measurement) => {
    const { values, context } = measurement as { values: Record<string, number>; context: Vital };
    const name = Object.keys(values)[0]!;
    const { [name]: value, ...others } = values;
    return { name, value: value!, ...others, ...context };
  });
