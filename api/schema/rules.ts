/** Rules of detection. */
import { z } from 'zod'
import { CORRELATION_TYPES } from '../../rules/rule.ts'
import { operation } from './operation.ts'
import { level, localized, time } from './words.ts'

export const ruleRow = z
  .strictObject({
    id: z.string(),
    name: localized,
    level,
    trusted: level.optional().describe('The level where the portal holds a trust label, if that raises it'),
    group: z.string().describe('Folder of the catalog; own: a rule of the installation. Exceptions name it so'),
    kind: z.enum(['single', ...CORRELATION_TYPES]),
    enabled: z.boolean(),
    description: localized,
    tags: z.array(z.string()),
    alerts_7d: z.number(),
    covered: time.optional().describe('Up to which ingest time'),
    schedule: z
      .strictObject({ cron: z.string(), timezone: z.string() })
      .optional()
      .describe('When it runs; absent: every two seconds'),
    next_run: time.optional().describe('Of a rule with a schedule'),
    decided: time
      .optional()
      .describe(
        'Of a correlation whose condition a later event can undo: its windows up to this @timestamp are decided',
      ),
    late: z.number().optional().describe('Events that came for a time that was decided'),
    behind: z.number().describe('ms'),
    last_run: z.strictObject({ at: time, ms: z.number(), error: z.string().optional() }).optional(),
  })
  .meta({ id: 'RuleRow' })
export const ruleDetail = ruleRow
  .extend({
    source: z.string().describe('The YAML'),
    version: z.number().optional().describe('Of the text'),
    guide: localized,
    fields: z.array(z.string()),
    runs: z.array(
      z.strictObject({
        at: time,
        from: time,
        to: time,
        ms: z.number(),
        matched: z.number(),
        error: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'RuleDetail' })

export const listRules = operation({
  id: 'listRules',
  tag: 'rules',
  summary: 'Rules, what they found in a week, how far they have come',
  act: 'read',
  answer: z.strictObject({ items: z.array(ruleRow) }),
})
export const getRule = operation({
  id: 'getRule',
  tag: 'rules',
  summary: 'One rule with its text and runs',
  act: 'read',
  answer: ruleDetail,
  refuses: [404],
})
export const enableRule = operation({
  id: 'enableRule',
  tag: 'rules',
  summary: 'Switches a rule on or off, for the whole province',
  act: 'rules',
  body: z.strictObject({ enabled: z.boolean() }),
  answer: z.strictObject({ enabled: z.boolean() }),
  refuses: [404],
})
