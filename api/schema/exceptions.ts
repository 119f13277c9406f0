/** Exceptions: events that nobody is to be told of any more, by whom, why and until when. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { choice } from './query.ts'
import { present, time } from './words.ts'

const kql = z.string().trim().min(1).max(4000).describe('KQL over the event; what it names makes no alert')
const about = {
  kql,
  rules: z.array(z.string().max(200)).max(100).describe('Ids of rules'),
  groups: z
    .array(z.string().max(200))
    .max(50)
    .describe(
      'Groups of rules, as rules name theirs: folders of the catalog, and own. Neither rules nor groups: all rules',
    ),
}
const said = {
  ...about,
  owner: z.string().trim().min(1).max(100).describe('Account of whoever answers for it'),
  reason: z.string().trim().min(1).max(2000),
  expires: time.describe('Events that come later are told of again; a year from now at most'),
}

export const exceptionRow = z
  .strictObject({
    id: z.string(),
    version: z.number().describe('Of the acts that it has seen: names it in a change'),
    status: z.enum(['active', 'withdrawn', 'ended']).describe('In force; taken back by a person; its time is over'),
    ...said,
    suppression: present.optional().describe('Of an alert’s group, for a short time'),
    guarded: present
      .optional()
      .describe('Its author is shown masked events: it does not meet what holds something masked'),
    alert: z.string().optional().describe('The alert that it was made from'),
    created: time,
    by: z.string(),
    since: time.optional().describe('In force for events that came behind this ingest time; absent: not yet'),
    hits: z.number().describe('Events that it has hidden, once for each rule'),
    last_hit: time.optional(),
    days: z.array(z.strictObject({ day: z.string(), hits: z.number() })).describe('The last 31 days with hits, UTC'),
  })
  .meta({ id: 'ExceptionRow' })
export const exceptionChange = z
  .strictObject({
    at: time,
    by: z.string(),
    act: z.string().describe('To undo it by'),
    what: z.enum(['except', 'amend', 'withdraw', 'expire', 'undo']),
    changes: z.array(z.strictObject({ field: z.string(), from: z.string().optional(), to: z.string().optional() })),
  })
  .meta({ id: 'ExceptionChange' })

export const listExceptions = operation({
  id: 'listExceptions',
  tag: 'rules',
  summary: 'Exceptions, those in force first; empty for who does not see the whole province',
  act: 'read',
  query: z.strictObject({
    rule: z.string().max(200).meta({ description: 'Those that are for this rule' }).optional(),
    status: choice(['all', 'active', 'withdrawn', 'ended'], 'all', 'Of one state'),
  }),
  answer: z.strictObject({ items: z.array(exceptionRow) }),
})
export const getException = operation({
  id: 'getException',
  tag: 'rules',
  summary: 'One exception with its history',
  act: 'read',
  answer: exceptionRow.extend({ history: z.array(exceptionChange) }).meta({ id: 'ExceptionDetail' }),
  refuses: [404],
})
export const addException = operation({
  id: 'addException',
  tag: 'rules',
  summary: 'Makes an exception; it holds behind the next run of the rules',
  act: 'except',
  body: z.strictObject({
    ...said,
    owner: said.owner.optional().describe('Without: who asks'),
    suppression: present.optional().describe('For 7 days at most'),
    alert: z.string().max(100).optional(),
  }),
  answer: exceptionRow,
  refuses: [422],
})
export const changeException = operation({
  id: 'changeException',
  tag: 'rules',
  summary: 'Changes an exception, or withdraws it',
  act: 'except',
  body: z.strictObject({
    version: z.number(),
    kql: said.kql.optional(),
    rules: said.rules.optional(),
    groups: said.groups.optional(),
    owner: said.owner.optional(),
    reason: said.reason.optional(),
    expires: said.expires.optional(),
    withdraw: present.optional(),
  }),
  answer: exceptionRow,
  refuses: [404, 409, 422],
})
export const undoException = operation({
  id: 'undoException',
  tag: 'rules',
  summary: 'Takes a change of an exception back',
  act: 'except',
  body: z.strictObject({ act: z.string() }),
  answer: exceptionRow,
  refuses: [404, 409, 422],
})

export const exceptionEffect = z
  .strictObject({
    from: time,
    to: time,
    matched: z.number().describe('Events in the last 30 days that the rules meet'),
    hidden: z.number().describe('Those of them that it would hide'),
    days: z.array(z.strictObject({ at: time, matched: z.number(), hidden: z.number() })),
    real: z
      .array(z.strictObject({ id: z.string(), at: time, incident: z.string().optional() }))
      .describe('Alerts of these rules that were closed as real attacks, and of whose events it names some'),
  })
  .meta({ id: 'ExceptionEffect' })
export const tryException = operation({
  id: 'tryException',
  tag: 'rules',
  summary: 'What an exception would have hidden in the last 30 days',
  act: 'except',
  body: z.strictObject(about),
  answer: exceptionEffect,
  refuses: [422],
})
