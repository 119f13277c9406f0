/** The installation: how it is, and its trail. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { cursor } from './query.ts'
import { ok, present, time } from './words.ts'

export const auditRow = z
  .strictObject({
    n: z.number().describe('Its place in the journal'),
    at: time,
    by: z.string(),
    what: z.string(),
    object: z.string(),
    detail: z.string().optional(),
    before: present.optional().describe('From before the chain'),
  })
  .meta({ id: 'AuditRow' })
/** What becomes of old events. */
export const retentionState = z
  .strictObject({
    days: z.number(),
    bytes: z.number().describe('Of all events'),
    unknown: z.number().describe('Of these, lines of senders that no source names: not counted'),
    quota: z.number().optional(),
    disk_percent: z.number().describe('Above, doctor warns'),
    next: z
      .array(
        z.strictObject({
          day: z.string(),
          why: z.enum(['age', 'quota', 'source']),
          events: z.number(),
          left: z.number(),
          sources: z.array(z.string()).optional(),
        }),
      )
      .describe('What is announced; `left`: ms of running until it goes'),
    held: z
      .array(z.strictObject({ id: z.string(), number: z.string(), events: z.number(), bytes: z.number() }))
      .describe('Incidents that keep their events'),
  })
  .meta({ id: 'RetentionState' })
export const health = z
  .strictObject({
    now: time.describe('The process’s clock: in the demo’s replay it runs through the past'),
    version: z.string(),
    demo: z.boolean(),
    store: z.enum(['duckdb', 'elasticsearch']),
    problems: z.array(z.strictObject({ code: z.string(), message: z.string() })),
    days: z.array(
      z.strictObject({ day: z.string(), events: z.number(), bytes: z.number(), problem: z.string().optional() }),
    ),
    disk: z.strictObject({ used: z.number(), free: z.number() }),
    retention: retentionState.optional().describe('Of who runs the installation'),
    clock: z
      .strictObject({ says: time, expected: time, since: time })
      .optional()
      .describe('The clock is not believed: what it says, what is expected, since when'),
  })
  .meta({ id: 'Health' })

export const getAudit = operation({
  id: 'getAudit',
  tag: 'health',
  summary: 'The trail of what people and the program did, newest first',
  act: 'trail',
  query: z.strictObject({ cursor }),
  answer: z.strictObject({ items: z.array(auditRow), cursor: z.string().optional() }),
})
export const getHealth = operation({
  id: 'getHealth',
  tag: 'health',
  summary: 'How the installation is; paths and reasons only for who runs it',
  act: 'read',
  answer: health,
})
export const acceptClock = operation({
  id: 'acceptClock',
  tag: 'health',
  summary: 'The clock of the server is right, although it is not believed',
  act: 'admin',
  answer: ok,
  refuses: [409],
})
