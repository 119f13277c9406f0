/** The first page. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { range, values } from './query.ts'
import { buckets, histogram, replay, time } from './words.ts'

export const overview = z
  .strictObject({
    open_incidents: z.number(),
    opened_today: z.number(),
    overdue_incidents: z.number(),
    overdue_worst: z.strictObject({ organization: z.string(), ms: z.number(), id: z.string() }).optional(),
    new_alerts: z.number(),
    new_critical: z.number(),
    silent_sources: z.number(),
    silent_worst: z.strictObject({ id: z.string(), ms: z.number() }).optional(),
    alerts: histogram,
    agencies: z
      .array(z.strictObject({ id: z.string(), name: z.string(), days: z.array(z.number()), open: z.number() }))
      .describe('Agencies with most incidents first; `days` counts incidents opened on each day'),
    days: z.array(time).describe('Start of each day'),
    ingest: z.strictObject({
      rate: z.number(),
      lag: z.number(),
      lost: z.number(),
      unparsed: z.number(),
      ...buckets,
      rates: z.array(z.number()),
    }),
    portals: z.array(
      z.strictObject({
        id: z.string(),
        domain: z.string(),
        organization: z.string(),
        ipv4: z.boolean(),
        ipv6: z.boolean(),
        trusted: z.boolean(),
        state: z.enum(['incident', 'tls', 'v6', 'ok']),
      }),
    ),
    trusted: z.number(),
    replay: replay.optional(),
  })
  .meta({ id: 'Overview' })

export const overviewQuery = z.strictObject({ ...range, organization: values('Agencies') })
export const getOverview = operation({
  id: 'getOverview',
  tag: 'overview',
  summary: 'How the province stands',
  act: 'read',
  query: overviewQuery,
  answer: overview,
})
