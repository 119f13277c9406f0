/** The figures of a period: what pages and reports say of it, each beside the period before. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { range, values } from './query.ts'
import { incidentStatus, level, localized, named, time } from './words.ts'

const count = z.number()
const both = z.strictObject({ now: count, before: count }).meta({ id: 'Both', description: 'Beside the period before' })
const spread = z
  .strictObject({
    n: count.describe('Of how many'),
    median: z.number().optional().describe('ms'),
    p90: z.number().optional().describe('ms; of five or more'),
  })
  .meta({ id: 'Spread' })
const spreads = z.strictObject({ now: spread, before: spread })

const judged = z
  .strictObject({
    id: z.string(),
    number: z.string(),
    state: z.enum(['met', 'missed', 'running']),
  })
  .meta({ id: 'JudgedIncident' })
export const change = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('agency'),
      id: z.string(),
      name: z.string(),
      points: count,
      change: count,
      rank: count.optional(),
      rank_before: count.optional(),
    }),
    z.strictObject({ kind: z.literal('rule'), id: z.string(), name: localized, ...both.shape }),
    z.strictObject({ kind: z.literal('false_positives'), now: z.number().describe('Share'), before: z.number() }),
    z.strictObject({ kind: z.literal('trust_lapsed'), portals: z.array(named) }),
    z.strictObject({ kind: z.literal('overdue'), ...both.shape }),
    z.strictObject({ kind: z.literal('silent'), sources: count }),
    z.strictObject({ kind: z.literal('findings'), systems: z.array(named) }),
  ])
  .meta({ id: 'PeriodChange' })

export const figures = z
  .strictObject({
    from: time,
    to: time,
    before: z.strictObject({ from: time, to: time }).describe('The period before, of equal length'),
    first: time.optional().describe('When the first incident was opened: before it there is nothing to compare with'),
    levels: z
      .array(z.strictObject({ level, alerts: both, incidents: both }))
      .describe('Alerts that went on, and incidents that were opened, in the period'),
    opened: both,
    closed: both,
    weeks: z
      .array(z.strictObject({ from: time, to: time, levels: z.array(z.strictObject({ level, incidents: count })) }))
      .describe('Incidents opened in each of the twelve weeks to the end of the period; weeks begin on Monday'),
    open: count.describe('At the end of the period'),
    overdue: count.describe('Of these, those whose time was over'),
    times: z.strictObject({
      detect: spreads.describe('From the first event of an alert to the alert'),
      acknowledge: spreads.describe('From the opening of an incident to the first act of a person'),
      resolve: spreads.describe('From the opening of an incident to its closing, of those closed in the period'),
    }),
    service: z
      .array(
        z.strictObject({
          level,
          hours: z.number().describe('To settle it'),
          working: z.boolean().describe('Counted in working hours'),
          met: count,
          missed: count,
          running: count.describe('Neither yet'),
          incidents: z.array(judged).describe('Those opened in the period, the oldest first; at most 100'),
        }),
      )
      .describe('Incidents that were opened in the period, by level'),
    met: z
      .strictObject({ now: z.number().optional(), before: z.number().optional() })
      .describe('Share that was in time'),
    portals: z.strictObject({
      total: count,
      ipv6: count,
      ipv6_requests: z
        .strictObject({ now: z.number().optional(), before: z.number().optional() })
        .describe('Share of requests to portals that came over IPv6'),
      trusted: count,
      ending: count.describe('Of these, within 60 days'),
      lapsed: count,
      none: count,
    }),
    systems: z.strictObject({
      total: count,
      with_level: count,
      monitored: count.describe('A source of it sends'),
      assessed: count.describe('In the year that ends with the period'),
    }),
    changes: z.array(change).describe('What left its usual range, the worst first; nine at most'),
    letters: count.describe('Agencies that are late'),
  })
  .meta({ id: 'Figures' })
export const figuresQuery = z.strictObject({ ...range, organization: values('Agencies, with their predecessors') })
export const getFigures = operation({
  id: 'getFigures',
  tag: 'overview',
  summary: 'The figures of a period beside those of the period before; without a range, of 30 days',
  act: 'read',
  query: figuresQuery,
  answer: figures,
})

export const letter = z
  .strictObject({
    organization: named,
    incidents: z.array(
      z.strictObject({
        id: z.string(),
        number: z.string(),
        title: localized,
        level,
        status: incidentStatus,
        due: time,
      }),
    ),
    findings: z.array(z.strictObject({ system: named, text: z.string(), due: z.string() })),
    text: z.string().describe('A draft in Vietnamese, of an official letter’s body; nobody sends it by itself'),
  })
  .meta({ id: 'Letter' })
export const letters = z.strictObject({ at: time, items: z.array(letter) }).meta({ id: 'Letters' })
export const getLetters = operation({
  id: 'getLetters',
  tag: 'agencies',
  summary: 'Drafts of letters to agencies that are late',
  act: 'read',
  answer: letters,
})
