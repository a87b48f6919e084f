/** Keys by the names that the interface uses, as WebDriver's code points. */
const KEYS: Record<string, string> = {
  Backspace: '\uE003',
  Tab: '\uE004',
  Enter: '\uE007',
  Escape: '\uE00C',
  Space: ' ',
  PageUp: '\uE00E',
  PageDown: '\uE00F',
  End: '\uE010',
  Home: '\uE011',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
  Delete: '\uE017',
};

export function key(name: string): string {
  const known = KEYS[name];
  if (known === undefined && [...name].length !== 1) throw new Error(`no key is called ${name}`);
  return known ?? name;
}
