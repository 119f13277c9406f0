/** The rows of alerts and incidents, which stand in the answers of many nouns, and what was done to them. */
import { z } from 'zod'
import {
  alertStatus,
  closeReason,
  incidentStatus,
  level,
  localized,
  named,
  portalNamed,
  present,
  time,
} from './words.ts'

/** Who did what when: every change carries one. */
export const activity = z
  .strictObject({
    at: time,
    by: z.string().describe('User name; "system" for the program'),
    what: z.enum([
      'created',
      'status',
      'assigned',
      'note',
      'level',
      'joined',
      'left',
      'title',
      'reopened',
      'agency',
      'merged',
      'split',
      'absorbed',
      'deadline',
      'held',
      'released',
      'task',
    ]),
    act: z.string().optional().describe('The act, to undo it by'),
    undone: present.optional().describe('It takes an earlier act back'),
    from: z.string().optional(),
    to: z.string().optional(),
    reason: closeReason.optional(),
    text: z.string().optional(),
  })
  .meta({ id: 'Activity' })

export const alertRow = z
  .strictObject({
    id: z.string(),
    version: z.number().describe('How many acts it has seen: hand it back with the next one'),
    rule: z.strictObject({ id: z.string(), name: localized, level }),
    status: alertStatus,
    reason: closeReason.optional(),
    assignee: z.string().optional(),
    count: z.number(),
    first: time,
    last: time,
    created: time,
    incident: z.strictObject({ id: z.string(), number: z.string() }).optional(),
    copies: present.optional().describe('Its events are copies: they are read here, and not among the events'),
    sums: z
      .strictObject({ groups: z.number(), more: present.optional(), keys: z.array(z.string()) })
      .optional()
      .describe(
        'It sums up groups of its rule, agency and hour that have no alert of their own; `more`: at least so many',
      ),
    lasts: z
      .strictObject({ from: time, to: time.optional() })
      .optional()
      .describe('Of a state: since when, and until when; it is never counted in minutes'),
    organization: named.optional(),
    system: named.optional(),
    portal: portalNamed.optional(),
    source: z
      .strictObject({
        ip: z.string().optional(),
        prefix: z.string().optional(),
        country: z.string().optional(),
        as: z.string().optional(),
        network: z.string().optional(),
      })
      .optional(),
    destination: z.strictObject({ ip: z.string().optional(), port: z.number().optional() }).optional(),
    url: z.strictObject({ original: z.string().optional(), decoded: z.string().optional() }).optional(),
    user: z.string().optional(),
    observer: z.string().optional(),
    log_source: z.string().optional().describe('vonglau.source.id'),
    group: z
      .array(z.strictObject({ field: z.string(), value: z.string() }))
      .describe('The values of the rule’s group-by fields'),
  })
  .meta({ id: 'AlertRow' })

export const incidentRow = z
  .strictObject({
    id: z.string(),
    version: z.number(),
    number: z.string().describe('SYT-2026-014'),
    former: z.number().optional().describe('Its number before agencies counted their own'),
    title: localized.describe('A person’s own in both'),
    level,
    status: incidentStatus,
    reason: closeReason.optional(),
    assignee: z.string().optional(),
    organization: named.optional(),
    system: named.optional(),
    portals: z.array(portalNamed),
    created: time,
    first: time,
    last: time,
    due: time.describe('Service-level clock'),
    overdue: z.boolean(),
    held: present.optional().describe('Its events stay'),
    alerts: z.number(),
    events: z.number(),
  })
  .meta({ id: 'IncidentRow' })
