/** What the inventory says as of a day. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { date } from './query.ts'
import { day, named, time } from './words.ts'

const portals = z.strictObject({ total: z.number(), ipv6: z.number(), trusted: z.number() })
export const inventoryView = z
  .strictObject({
    date: day,
    counts: z.strictObject({
      agencies: z.record(z.string(), z.number()).describe('By kind'),
      systems: z.strictObject({ total: z.number(), shared: z.number(), withLevel: z.number() }),
      portals: z.record(z.string(), portals).describe('By kind of their agency'),
      all: portals,
      devices: z.number(),
      networks: z.number(),
      signatures: z.strictObject({ total: z.number(), orphaned: z.number() }),
    }),
    agencies: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        kind: z.string(),
        valid_from: day.optional(),
        valid_to: day.optional(),
        successors: z.array(named),
        assumed: z.boolean(),
      }),
    ),
    orphans: z.array(z.strictObject({ serial: z.string(), holder: z.string(), organization: named, expires: day })),
    planned: z.array(
      z.strictObject({ id: z.string(), from: time, to: time, on: z.string(), who: z.string(), why: z.string() }),
    ),
    duties: z.array(
      z.strictObject({
        recipient: z.string(),
        report: z.string(),
        within: z.number().optional(),
        legal_basis: z.string(),
        valid_from: day,
        checked: day.optional(),
      }),
    ),
    versions: z.array(z.strictObject({ id: z.string(), at: time, path: z.string().optional(), changed: z.number() })),
  })
  .meta({ id: 'InventoryView' })

export const getInventory = operation({
  id: 'getInventory',
  tag: 'systems',
  summary: 'Agencies, systems, portals and devices as of a day, and how the inventory came to say so',
  act: 'read',
  query: z.strictObject({ date }),
  answer: inventoryView,
})
