/** Google's own measurements, under the names by which ours are sent: what the page's `window.google` gathers. */
import { onCLS, onFCP, onINP, onLCP, onTTFB, type MetricWithAttribution } from 'web-vitals/attribution';

export type Vital = Record<string, string | number>;

declare global {
  interface Window {
    google: Vital[];
  }
}

/** Faro's name for each field of an attribution. */
const NAMES: Record<string, Record<string, string>> = {
  CLS: {
    largestShiftTarget: 'largest_shift_target',
    largestShiftTime: 'largest_shift_time',
    largestShiftValue: 'largest_shift_value',
    loadState: 'load_state',
  },
  FCP: { timeToFirstByte: 'time_to_first_byte', firstByteToFCP: 'first_byte_to_fcp', loadState: 'load_state' },
  INP: {
    interactionTarget: 'interaction_target',
    interactionType: 'interaction_type',
    interactionTime: 'interaction_time',
    nextPaintTime: 'next_paint_time',
    inputDelay: 'input_delay',
    processingDuration: 'processing_duration',
    presentationDelay: 'presentation_delay',
    loadState: 'load_state',
    totalScriptDuration: 'total_script_duration',
    totalStyleAndLayoutDuration: 'total_style_and_layout_duration',
    totalPaintDuration: 'total_paint_duration',
    totalUnattributedDuration: 'total_unattributed_duration',
    'longestScript.subpart': 'longest_script_subpart',
    'longestScript.intersectingDuration': 'longest_script_intersecting_duration',
    'longestScript.entry.invokerType': 'longest_script_invoker_type',
    'longestScript.entry.invoker': 'longest_script_invoker',
    'longestScript.entry.sourceURL': 'longest_script_source_url',
    'longestScript.entry.sourceFunctionName': 'longest_script_source_function_name',
    'longestScript.entry.sourceCharPosition': 'longest_script_source_char_position',
  },
  LCP: {
    target: 'element',
    url: 'resource_url',
    timeToFirstByte: 'time_to_first_byte',
    resourceLoadDelay: 'resource_load_delay',
    resourceLoadDuration: 'resource_load_duration',
    elementRenderDelay: 'element_render_delay',
    'lcpResourceEntry.initiatorType': 'resource_initiator_type',
    'lcpResourceEntry.deliveryType': 'resource_delivery_type',
  },
  TTFB: {
    waitingDuration: 'waiting_duration',
    cacheDuration: 'cache_duration',
    dnsDuration: 'dns_duration',
    connectionDuration: 'connection_duration',
    requestDuration: 'request_duration',
  },
};

window.google = [];

function keep(metric: MetricWithAttribution): void {
  const vital: Vital = {
    name: metric.name.toLowerCase(),
    value: metric.value,
    delta: metric.delta,
    rating: metric.rating,
    navigation_type: metric.navigationType,
    id: metric.id,
  };
  for (const [path, name] of Object.entries(NAMES[metric.name]!)) {
    // eslint-disable-next-line -- a path through objects of many types
    const value = path.split('.').reduce((at: any, key) => at?.[key], metric.attribution);
    if (value !== undefined && value !== '') vital[name] = value as string | number;
  }
  window.google.push(vital);
}

for (const on of [onCLS, onFCP, onINP, onLCP, onTTFB]) on(keep, { reportSoftNavs: true });
