/** Agencies: how each of them stands, and whom to call. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { portalRow } from './portals.ts'
import { incidentRow } from './rows.ts'
import { sourceRow } from './sources.ts'
import { riskRow } from './risk.ts'
import { buckets, day, present, time } from './words.ts'

export const agencyRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    kind: z.string().describe('department, district, commune, committee, centre, branch'),
    parent: z.string().optional(),
    valid_from: day.optional(),
    valid_to: day.optional(),
    successors: z.array(z.string()),
    predecessors: z.array(z.string()),
    open_incidents: z.number(),
    overdue_incidents: z.number(),
    open_alerts: z.number(),
    portals: z.number(),
    ipv6: z.number(),
    trusted: z.number(),
    sources: z.number(),
    risk: z
      .number()
      .optional()
      .describe('0 to 100; absent where nothing of the agency is seen: it is not known, never low'),
  })
  .meta({ id: 'AgencyRow' })
export const contactRow = z
  .strictObject({
    name: z.string(),
    role: z.string().optional(),
    phone: z.string().optional(),
    mail: z.string().optional(),
    always: z.boolean().describe('Around the clock'),
    deputy: z.string().optional(),
  })
  .meta({ id: 'ContactRow' })
export const agencyDetail = agencyRow
  .extend({
    contacts: z.array(contactRow),
    systems: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        level: z.number().optional(),
        operated: present.optional(),
      }),
    ),
    standing: riskRow.optional().describe('Of an agency in force: its risk with what makes it up'),
    weeks: z.array(time).describe('Day of each of the twelve scores'),
    incidents: z.array(incidentRow),
    portal_rows: z.array(portalRow),
    source_rows: z.array(sourceRow),
    days: z.strictObject({ ...buckets, alerts: z.array(z.number()), incidents: z.array(z.number()) }),
  })
  .meta({ id: 'AgencyDetail' })
export const agencyList = z
  .strictObject({
    items: z.array(agencyRow),
    unassigned: z
      .strictObject({
        events: z.number(),
        hosts: z.array(z.strictObject({ value: z.string(), count: z.number() })),
      })
      .describe('What belongs to no agency; nothing of it is told to who does not see the whole province'),
  })
  .meta({ id: 'AgencyList' })

export const listAgencies = operation({
  id: 'listAgencies',
  tag: 'agencies',
  summary: 'Agencies, those at most risk first',
  act: 'read',
  answer: agencyList,
})
export const getAgency = operation({
  id: 'getAgency',
  tag: 'agencies',
  summary: 'One agency with its incidents, portals, systems and sources',
  act: 'read',
  answer: agencyDetail,
  refuses: [404],
})
