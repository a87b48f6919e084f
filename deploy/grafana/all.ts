/** Every board. */
import type { Dashboard } from '@grafana/schema';
import { api } from './boards/api.js';
import { collector } from './boards/collector.js';
import { errors } from './boards/errors.js';
import { overview } from './boards/overview.js';
import { sessions } from './boards/sessions.js';
import { shopApi, shopPostgres, shopProcesses, shopRedis } from './boards/shop.js';
import { slo } from './boards/slo.js';
import { stakeholders } from './boards/stakeholders.js';
import { traces } from './boards/traces.js';
import { vitals } from './boards/vitals.js';

export const boards: Dashboard[] = [overview, vitals, errors, sessions, api, traces, slo, stakeholders, collector, shopApi, shopProcesses, shopPostgres, shopRedis];

/** A board as its file holds it. */
export const written = (board: Dashboard): string => `${JSON.stringify(board, null, 2)}\n`;
