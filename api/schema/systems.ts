/** Information systems: who owns and runs one, its level, what was found on it. */
import { z } from 'zod'
import { contactRow } from './agencies.ts'
import { operation } from './operation.ts'
import { instant } from './query.ts'
import { portalRow } from './portals.ts'
import { incidentRow } from './rows.ts'
import { sourceRow } from './sources.ts'
import { day, named, present, time } from './words.ts'

export const systemRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    owner: named,
    operator: named.optional(),
    shared: z.boolean(),
    assumed: z.boolean(),
    level: z.number().optional().describe('In force today; absent where none was approved'),
    portals: z.number(),
    open_incidents: z.number(),
    open_alerts: z.number(),
    overdue_findings: z.number(),
    sources: z.number(),
    silent_sources: z.number(),
    monitored: present.optional().describe('A source of it sends'),
    assessed: day.optional().describe('When it was assessed last'),
  })
  .meta({ id: 'SystemRow' })
export const systemDetail = systemRow
  .extend({
    platform: z.string().optional(),
    hosting: z.string().optional(),
    operated: present.optional().describe('Who asks runs it, and is not its owner'),
    levels: z.array(
      z.strictObject({
        level: z.number(),
        from: day,
        to: day.optional(),
        decision: z.string().optional(),
        legal_basis: z.string().optional(),
      }),
    ),
    servers: z.array(z.string()),
    talks_to: z.array(z.strictObject({ id: z.string().optional(), name: z.string() })),
    contacts: z.array(contactRow),
    assessments: z.array(
      z.strictObject({
        date: day,
        by: z.string(),
        findings: z.array(
          z.strictObject({
            text: z.string(),
            due: day.optional(),
            done: day.optional(),
            overdue: z.number().optional().describe('Days'),
          }),
        ),
      }),
    ),
    planned: z.array(z.strictObject({ id: z.string(), from: time, to: time, who: z.string(), why: z.string() })),
    incidents: z.array(incidentRow),
    portal_rows: z.array(portalRow),
    source_rows: z.array(sourceRow),
  })
  .meta({ id: 'SystemDetail' })

export const listSystems = operation({
  id: 'listSystems',
  tag: 'systems',
  summary: 'Information systems, those with open incidents first',
  act: 'read',
  query: z.strictObject({ at: instant('When what the inventory says is so, in epoch milliseconds; without it, now') }),
  answer: z.strictObject({ items: z.array(systemRow) }),
})
export const getSystem = operation({
  id: 'getSystem',
  tag: 'systems',
  summary: 'One information system with its levels, assessments, contacts and cases',
  act: 'read',
  answer: systemDetail,
  refuses: [404],
})
