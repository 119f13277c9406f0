/** The page on the wall of the room: few figures, large, without names of people and without addresses. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { level, localized, time } from './words.ts'

const count = z.number()
export const wall = z
  .strictObject({
    at: time,
    province: z.string(),
    open: count.describe('Open incidents'),
    critical: count.describe('Of these, critical ones'),
    overdue: count,
    late: z.array(z.string()).describe('Agencies of the overdue ones, the latest first; at most three'),
    waiting: count.describe('New alerts of level high and above'),
    silent: count.describe('Sources that fell silent'),
    silent_agencies: count.describe('Agencies whose sources these are'),
    urgent: z
      .array(z.strictObject({ id: z.string(), level, agency: z.string().optional(), title: localized, due: time }))
      .describe('Open incidents whose time ends first; at most six'),
    portals: z.array(z.enum(['incident', 'tls', 'v6', 'ok'])).describe('One a portal'),
    agencies: z.strictObject({ seen: count, unseen: count }),
  })
  .meta({ id: 'Wall' })
export const getWall = operation({
  id: 'getWall',
  tag: 'overview',
  summary: 'What a wall in the room shows',
  act: 'read',
  answer: wall,
})
