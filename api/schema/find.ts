/** What a name leads to. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { limit } from './query.ts'

export const found = z
  .strictObject({
    kind: z.enum(['agency', 'portal', 'address', 'incident', 'rule', 'source']),
    id: z.string(),
    label: z.string(),
    sub: z.string().optional(),
    href: z.string(),
  })
  .meta({ id: 'Found' })
export const find = operation({
  id: 'find',
  tag: 'overview',
  summary: 'Agencies, portals, addresses, incidents, rules and sources by name',
  act: 'read',
  query: z.strictObject({
    q: z.string().optional().describe('Words of the name, without diacritics or with them'),
    limit: limit(50),
  }),
  answer: z.strictObject({ items: z.array(found) }),
})
