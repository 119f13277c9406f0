/** Events and the language that they are searched with. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { choice, cursor, limit, position, range, search } from './query.ts'
import { buckets, event, ok } from './words.ts'

export const eventList = z
  .strictObject({
    items: z.array(event),
    total: z.number(),
    cursor: z.string().optional(),
    histogram: z.strictObject({ ...buckets, counts: z.array(z.number()) }),
    fields: z
      .array(
        z.strictObject({
          field: z.string(),
          type: z.string(),
          values: z.array(z.strictObject({ value: z.string(), count: z.number() })),
        }),
      )
      .describe('Fields of the events on this page and their most frequent values over the range'),
    missing: z.array(z.strictObject({ day: z.string(), reason: z.string() })),
  })
  .meta({ id: 'EventList' })
export const suggestion = z
  .strictObject({
    text: z.string(),
    kind: z.enum(['field', 'value', 'operator']),
    from: z.number(),
    to: z.number(),
  })
  .meta({ id: 'Suggestion' })

export const eventQuery = z.strictObject({
  q: search,
  ...range,
  order: choice(['newest', 'oldest'], 'newest', 'The order'),
  cursor,
  limit: limit(500),
  fields: z.string().optional().describe('Up to 12 fields whose values are counted over the whole range; by commas'),
})
export const listEvents = operation({
  id: 'listEvents',
  tag: 'events',
  summary: 'Events of a range (without one: the last 24 hours)',
  act: 'read',
  query: eventQuery,
  answer: eventList,
})
export const getEvent = operation({
  id: 'getEvent',
  tag: 'events',
  summary: 'One event, with what is computed of it',
  act: 'read',
  answer: z.strictObject({ event }),
  refuses: [404],
})
export const checkKql = operation({
  id: 'checkKql',
  tag: 'events',
  summary: 'Whether a search can be read; a mistake names its place',
  act: 'read',
  query: z.strictObject({ q: search }),
  answer: ok,
})
export const suggestKql = operation({
  id: 'suggestKql',
  tag: 'events',
  summary: 'What may follow at a place of a search',
  act: 'read',
  query: z.strictObject({ q: search, at: position('The place; without it, the end') }),
  answer: z.strictObject({ items: z.array(suggestion) }),
})
