/** Alerts for a stretch of the past: begun after a backtest has shown what they would be. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { time } from './words.ts'

export const backfill = z
  .strictObject({
    id: z.string(),
    rule: z.string(),
    from: time,
    to: time,
    by: z.string(),
    at: time,
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    progress: z.number().describe('0 to 1'),
    reached: time.optional().describe('The @timestamp up to which it has come'),
    raised: z.number().describe('Alerts that it raised'),
    extended: z.number().describe('Alerts that it added events to'),
    error: z.string().optional(),
  })
  .meta({ id: 'Backfill' })

export const startBackfill = operation({
  id: 'startBackfill',
  tag: 'rules',
  summary:
    'Raises alerts for the stretch of a backtest that is done, of a rule in force; what is told already adds nothing',
  act: 'rules',
  body: z.strictObject({ backtest: z.string().max(200).describe('The backtest that showed what would be raised') }),
  answer: backfill,
  refuses: [404, 409, 422],
})
export const listBackfills = operation({
  id: 'listBackfills',
  tag: 'rules',
  summary: 'The newest 20, of all rules or of one',
  act: 'rules',
  query: z.strictObject({ rule: z.string().max(200).optional() }),
  answer: z.strictObject({ items: z.array(backfill) }),
})
export const cancelBackfill = operation({
  id: 'cancelBackfill',
  tag: 'rules',
  summary: 'Ends it where it is: what it has raised stays',
  act: 'rules',
  body: z.strictObject({}),
  answer: backfill,
  refuses: [404],
})
