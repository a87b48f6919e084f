/** What people did: sessions, views, clicks that led nowhere, and one session from its start to its end. */
import { board, to } from '../board.js';
import { bars, figure, lines, logs, loki, now, prom, story, table } from '../panels.js';
import { LIVE, increase, lines as stream, share } from '../queries.js';

const RANGE = '$__range';
const frustration = stream('event', 'event_name="farol.frustration"');
const actions = stream('event', 'event_name=~"browser.user_action.+"');

export const sessions = board({
  uid: 'farol-sessions',
  title: 'Farol / Sessions and actions',
  description: 'Who came, what they did, where it annoyed them.',
  choices: ['environment', 'window', 'session'],
  parts: [
    figure('Sessions', now(increase('farol_sessions_total', '', LIVE, RANGE)), { unit: 'short', decimals: 0 }),
    figure('Page views a session', now(share(increase('farol_page_views_total', '', LIVE, RANGE), increase('farol_sessions_total', '', LIVE, RANGE))), { decimals: 1 }),
    figure('Rage, dead and error clicks', { ...loki(`sum(count_over_time(${frustration} [$__range]))`, '', 'instant') }, { unit: 'short', width: 8 }),
    figure('User actions', { ...loki(`sum(count_over_time(${actions} [$__range]))`, '', 'instant') }, { unit: 'short', width: 8 }),
    lines('Sessions by device', [prom(increase('farol_sessions_total', 'farol_device_type'), '{{farol_device_type}}')], { stacked: true }),
    lines('Views by page', [prom(`topk(10, ${increase('farol_page_views_total', 'url_template')})`, '{{url_template}}')], { stacked: true }),
    'What annoys',
    bars('Clicks that led nowhere', [loki(`sum by (farol_frustration_type) (count_over_time(${frustration} [$__auto]))`, '{{farol_frustration_type}}')]),
    table('Where', [loki(`topk(20, sum by (farol_frustration_type, farol_element_name, url_full) (count_over_time(${frustration} [$__range])))`, '', 'instant')], {
      fields: { 'Value #A': { title: 'Clicks' }, farol_frustration_type: { title: 'Kind' }, farol_element_name: { title: 'Element' }, url_full: { title: 'Page' } },
    }),
    table('Actions that took long', [loki(`topk(20, quantile_over_time(0.75, ${actions} | unwrap farol_action_duration | __error__="" [$__range]) by (farol_action_name))`, '', 'instant')], {
      fields: { 'Value #A': { title: 'p75', unit: 'ms' }, farol_action_name: { title: 'Action' } },
    }),
    table('Scripts in long frames', [loki(`topk(20, sum by (farol_script_url) (sum_over_time(${stream('event', 'event_name="farol.long_frame"')} | unwrap farol_frame_blocking_duration | __error__="" [$__range])))`, '', 'instant')], {
      description: 'Time for which frames were blocked, by the script that took longest in them.',
      fields: { 'Value #A': { title: 'Blocked', unit: 'ms' }, farol_script_url: { title: 'Script' } },
    }),
    logs('Failed loads', loki(stream('event', 'event_name="farol.failed_load"')), { height: 6 }),
    'One session',
    story('From its start to its end', loki(`{service_name=~"$app", kind=~".+"} | session_id=~"$session"`), {
      height: 14, description: 'Put a session id above. Every line of it, in the order in which it came.', links: [to('farol-traces', 'Its traces', '&var-session=${session}')],
    }),
  ],
});
