/** What a rule would have found: a question over much of the store, so it is begun, and asked for until it is done. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { event, named, time } from './words.ts'

const counted = {
  hits: z.number().describe('Events that the rule meets; of a correlation those in its windows'),
  alerts: z.number().describe('Alerts that they would be'),
}
const agency = z.strictObject({ organization: named.optional().describe('Absent: nobody that is known'), ...counted })
export const backtest = z
  .strictObject({
    id: z.string(),
    rule: z.string(),
    state: z.enum(['running', 'done', 'failed', 'cancelled']),
    by: z.string(),
    at: time,
    progress: z.number().describe('0 to 1'),
    reached: time.optional().describe('The @timestamp up to which it has come'),
    error: z.string().optional(),
    result: z
      .strictObject({
        from: time,
        to: time,
        ms: z.number(),
        events: z.number().describe('Stored of that time'),
        ...counted,
        hidden: z.number().describe('Events that the exceptions in force now hide'),
        days: z.array(z.strictObject({ at: time, ...counted, agencies: z.array(agency) })),
        agencies: z.array(agency),
        examples: z.array(event),
        missing: z.array(z.strictObject({ day: z.string(), reason: z.string() })).describe('Days that cannot be read'),
      })
      .optional(),
  })
  .meta({ id: 'Backtest' })

export const startBacktest = operation({
  id: 'startBacktest',
  tag: 'rules',
  summary: 'Begins to look for what a rule, or a text of one, would have found in what is stored',
  act: 'rules',
  body: z.strictObject({
    rule: z.string().max(200).optional().describe('A rule in force'),
    yaml: z.string().max(200_000).optional().describe('Instead: a text, of which the last rule that alerts is taken'),
    from: time.optional(),
    to: time.optional(),
  }),
  answer: backtest,
  refuses: [404, 409, 422],
})
export const getBacktest = operation({
  id: 'getBacktest',
  tag: 'rules',
  summary: 'How far a backtest has come, and what it found',
  act: 'rules',
  answer: backtest,
  refuses: [404],
})
export const cancelBacktest = operation({
  id: 'cancelBacktest',
  tag: 'rules',
  summary: 'Ends a backtest',
  act: 'rules',
  body: z.strictObject({}),
  answer: backtest,
  refuses: [404],
})
