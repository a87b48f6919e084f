/** The middle of a list and how far it spreads: smallest, largest, and the interquartile range as a share of the median. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  iqr: number;
}

/** A figure beside its bar: what is judged is met or missed, and nothing of it where the run cannot tell. */
export interface Judged {
  figure: string;
  is: number;
  bar: number;
  unit: string;
  met: boolean | undefined;
}

export const said = ({ figure, is, bar, unit, met }: Judged): string =>
  `${figure}: ${is.toFixed(Math.abs(is) < 10 ? 2 : 0)}${unit && ` ${unit}`}, bar ${bar.toLocaleString('en-US')}: ${met === undefined ? 'not judged' : met ? 'met' : 'MISSED'}`;

export function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number => {
    const place = (sorted.length - 1) * q;
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low]! + (sorted[high]! - sorted[low]!) * (place - low);
  };
  return { median: at(0.5), min: sorted[0]!, max: sorted[sorted.length - 1]!, iqr: at(0.75) - at(0.25) };
}
