/** Risk by agency: the score, what makes it up, and what could not be seen beside it. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { level, localized, time } from './words.ts'

const points = z.number().describe('0 to 100')
const count = z.number()
export const riskRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    short: z.string(),
    kind: z.string(),
    points: points
      .optional()
      .describe('0 to 100; absent where nothing of the agency is seen: it is not known, never low'),
    at_least: points.optional().describe('Of an agency of which nothing is seen: what is known of it without its logs'),
    grade: level.optional(),
    parts: z
      .strictObject({
        alerts: count.describe('At most 40'),
        overdue: count.describe('At most 20'),
        exposure: count.describe('At most 20'),
        level: count.describe('At most 10'),
        trust: count.describe('At most 10'),
      })
      .describe('Whole points; their sum is the score'),
    counts: z
      .strictObject({
        alerts: count.describe('Open alerts'),
        overdue: count.describe('Incidents whose time is over'),
        findings: count.describe('Findings of assessments past their day'),
        exposed: z.strictObject({
          public: count.optional().describe('Portals'),
          service: count.optional().describe('Portals through which people apply for something, mail, interfaces'),
          tls_expired: count.optional(),
          tls_ending: count.optional().describe('Within 30 days'),
          left_over: count.optional().describe('Portals that an abolished agency left'),
          orphan_signature: count.optional().describe('Certificates for signatures whose holder has gone'),
        }),
        level: count.optional().describe('The highest of its systems'),
        undecided: z.boolean().describe('It has systems, and no level is approved'),
        trust: z.strictObject({
          none: count.optional(),
          lapsed: count.optional(),
          ending: count.optional().describe('Within 60 days'),
        }),
      })
      .describe('What the parts are made of'),
    coverage: z.number().describe('Share of what should be seen that is, 0 to 1: the mean of its places'),
    blind: z
      .array(
        z.strictObject({
          kind: z.enum(['portal', 'firewall', 'network', 'source']),
          id: z.string(),
          why: z
            .enum(['silent', 'never', 'unparsed', 'rules'])
            .describe('Fell silent; never sent; lines not understood; rules without what they need'),
          share: z.number(),
        }),
      )
      .describe('Places that are not wholly seen, the worst first'),
    weeks: z.array(points.nullable()).describe('The score of twelve weeks, the last is now; null: not known'),
    change: z.number().optional().describe('Points since four weeks ago'),
    rank: z.number().optional().describe('For who sees the province'),
    rank_before: z.number().optional().describe('Four weeks ago'),
  })
  .meta({ id: 'RiskRow' })

export const riskView = z
  .strictObject({
    at: time,
    weeks: z.array(time).describe('Day of each of the twelve points'),
    items: z.array(riskRow).describe('Those that are known, the highest first'),
    unknown: z.array(riskRow).describe('Of which nothing is seen'),
    province: z
      .strictObject({ points: points.optional(), weeks: z.array(points.nullable()) })
      .optional()
      .describe('The mean of the ten highest, for who sees the province'),
    rules: z
      .array(z.strictObject({ id: z.string(), name: localized }))
      .optional()
      .describe('Rules that are on and that no source feeds, for who sees the province'),
  })
  .meta({ id: 'RiskView' })

export const getRisk = operation({
  id: 'getRisk',
  tag: 'agencies',
  summary: 'Agencies by risk, with what makes it up and what could not be seen',
  act: 'read',
  answer: riskView,
})
