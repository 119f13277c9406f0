/** Alerts: the queue, one of them, and what people do to them. */
import { z } from 'zod'

import { operation } from './operation.ts'
import { choice, cursor, limit, range, search, values } from './query.ts'
import { activity, alertRow, incidentRow } from './rows.ts'
import { alertStatus, buckets, event, facet, givenReason, histogram, label, level, localized, time } from './words.ts'

export const alertDetail = alertRow
  .extend({
    rule_description: localized,
    rule_guide: localized.describe('Markdown: what to do'),
    rule_condition: z.string().describe('As the author wrote it'),
    rule_version: z
      .strictObject({ n: z.number(), newest: z.number().optional() })
      .optional()
      .describe('The version of the text of its rule that raised it, and the one in force'),
    why: z
      .array(
        z.strictObject({
          field: z.string(),
          op: z.string(),
          expected: z.string(),
          value: z.string(),
          marks: z.array(z.tuple([z.number(), z.number()])),
        }),
      )
      .describe(
        'Why it fired: the leaves of the condition that held, and for text the ranges [from, to) of the value that matched',
      ),
    events: z.array(event).describe('Up to 20, whole, with event.original'),
    related: z.array(
      z.strictObject({ id: z.string(), rule: localized, relation: z.enum(['follows', 'absorbed']), at: time }),
    ),
    activity: z.array(activity),
    wider: z
      .boolean()
      .describe('Others have a part in it: which and how many is told only to who sees the whole province'),
    recounted: z
      .enum(['anew', 'kept'])
      .optional()
      .describe(
        'A day of its events was damaged and read again: they were counted anew, or the count of before was kept',
      ),
    rule_group: z.string().optional().describe('The group of its rule: a folder of the catalog, or own'),
    exceptions: z
      .array(
        z.strictObject({
          id: z.string(),
          kql: z.string(),
          reason: z.string(),
          owner: z.string(),
          expires: time,
          names: z.boolean().describe('It names an event of this alert, which came before it'),
        }),
      )
      .optional()
      .describe('Exceptions in force for its rule; told to who sees the whole province'),
    campaign: z.array(alertRow).optional(),
    around: z
      .strictObject({
        ...buckets,
        source: z.array(z.number()),
        portal: z.array(z.number()),
        matched: z.array(z.number()),
      })
      .describe('What the source address and the portal did around it: events a bucket'),
  })
  .meta({ id: 'AlertDetail' })

export const alertList = z
  .strictObject({
    items: z.array(alertRow),
    total: z.number(),
    events: z.number(),
    cursor: z.string().optional(),
    facets: z.array(facet),
    histogram: histogram.describe('Alerts a bucket by level, over the time range'),
    groups: z
      .array(
        z.strictObject({
          key: z.string(),
          label,
          count: z.number(),
          events: z.number(),
          level,
          last: time,
          agencies: z.number().optional(),
        }),
      )
      .optional(),
    seq: z.number().describe('Hand to /live to learn of later changes'),
  })
  .meta({ id: 'AlertList' })

/** Of each facet: the field of an alert. */
export const ALERT_FACETS = {
  level: 'rule.level',
  status: 'alert.status',
  organization: 'organization.id',
  system: 'system.id',
  rule: 'rule.id',
  portal: 'portal.id',
  source: 'vonglau.source.id',
} as const
export const alertQuery = z.strictObject({
  q: search,
  ...range,
  level: values('Levels'),
  status: values('Statuses'),
  organization: values('Agencies, with their predecessors'),
  system: values('Information systems'),
  rule: values('Rules'),
  portal: values('Portals'),
  source: values('Sources of logs'),
  sort: choice(['severity', 'newest', 'oldest', 'count'], 'severity', 'The order'),
  group: choice(
    ['none', 'campaign', 'level', 'status', 'organization', 'system', 'rule', 'portal', 'source'],
    'none',
    'Counted by, in `groups`',
  ),
  cursor,
  limit: limit(500),
})
export const listAlerts = operation({
  id: 'listAlerts',
  tag: 'alerts',
  summary: 'Alerts that go on in a range (without one: the last 24 hours), with facets and a histogram',
  act: 'read',
  query: alertQuery,
  answer: alertList,
})
export const getAlert = operation({
  id: 'getAlert',
  tag: 'alerts',
  summary: 'One alert with its events, reasons and history',
  act: 'read',
  answer: alertDetail,
  refuses: [404],
})

const items = z
  .array(z.strictObject({ id: z.string(), version: z.number() }))
  .min(1)
  .max(1000)
export const changeResult = z
  .strictObject({
    id: z.string(),
    ok: z.boolean(),
    version: z.number().optional(),
    acts: z.array(z.string()).optional().describe('What was done, to undo it by'),
    message: z.string().optional(),
  })
  .meta({ id: 'ChangeResult' })
const results = z.strictObject({ results: z.array(changeResult) }).meta({ id: 'ChangeResults' })
export const changeAlerts = operation({
  id: 'changeAlerts',
  tag: 'alerts',
  summary: 'Changes the status, the assignee, or writes a note',
  act: 'triage',
  body: z.strictObject({
    items,
    status: alertStatus.optional(),
    reason: givenReason.optional(),
    assignee: z.string().nullable().optional(),
    note: z.string().max(10_000).optional(),
  }),
  answer: results,
  refuses: [422],
})
export const undoAlerts = operation({
  id: 'undoAlerts',
  tag: 'alerts',
  summary: 'Takes acts back, as a change answered them',
  act: 'triage',
  body: z.strictObject({
    items: z
      .array(z.strictObject({ id: z.string(), act: z.string() }))
      .min(1)
      .max(2000),
  }),
  answer: results,
})
export const giveAgency = operation({
  id: 'giveAgency',
  tag: 'alerts',
  summary: 'Gives alerts that have no agency one',
  act: 'triage',
  body: z.strictObject({ items, organization: z.string() }),
  answer: results,
  refuses: [422],
})
export const leaveIncident = operation({
  id: 'leaveIncident',
  tag: 'alerts',
  summary: 'Takes alerts out of their incident',
  act: 'triage',
  body: z.strictObject({ items }),
  answer: results,
})
export const joinIncident = operation({
  id: 'joinIncident',
  tag: 'alerts',
  summary: 'Joins alerts to an incident, or opens one of them',
  act: 'triage',
  body: z.strictObject({
    ids: z.array(z.string()).min(1).max(500),
    incident: z.string().optional(),
    title: z.string().max(300).optional(),
  }),
  answer: incidentRow,
  refuses: [404, 409, 422],
})
