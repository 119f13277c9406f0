/** What the inventory says as of a day. */
import { z } from 'zod'
import { type Kind, KINDS } from '../../ingest/inventory/entries.ts'
import { operation } from './operation.ts'
import { date, search } from './query.ts'
import { day, named, time } from './words.ts'

const portals = z.strictObject({ total: z.number(), ipv6: z.number(), trusted: z.number() })
export const inventoryKind = z.enum(KINDS as readonly [Kind, ...Kind[]]).meta({ id: 'InventoryKind' })
const listedVersion = z
  .strictObject({
    id: z.string(),
    at: time,
    path: z.string().optional().describe('The file that brought it'),
    by: z.string().optional().describe('The person who changed it in the program'),
    reason: z.string().optional(),
    changed: z.number(),
    entries: z.array(z.string()).describe('The first twenty that it changed: kind and key'),
  })
  .meta({ id: 'InventoryVersion' })
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
    versions: z.array(listedVersion),
    version: z.number().describe('The newest one, to be named with a change'),
    waiting: z
      .array(
        z.strictObject({
          kind: inventoryKind,
          key: z.string(),
          path: z.string().describe('The file that says otherwise'),
          file: z.string().optional().describe('What the file says, as YAML; absent where the entry vanished from it'),
          held: z.string().optional().describe('What holds, as YAML'),
        }),
      )
      .describe('Changes of a file that wait, for a person has changed the same entry since'),
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

const place = {
  kind: inventoryKind,
  key: z.string().max(300).describe('The id, name or network; empty for a part that has no entries'),
}
const reason = z.string().trim().min(3).max(500).describe('Why: it is kept with the version')

export const inventoryEntry = z
  .strictObject({
    ...place,
    text: z.string().optional().describe('As YAML; absent where there is no such entry now'),
    version: z.number(),
    history: z.array(
      z.strictObject({
        id: z.string(),
        at: time,
        path: z.string().optional(),
        by: z.string().optional(),
        reason: z.string().optional(),
        before: z.string().optional(),
        after: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'InventoryEntry' })

export const changedInventory = z
  .strictObject({
    version: z.number(),
    added: z.array(z.string()),
    changed: z.array(z.string()),
    ended: z.array(z.string()),
    parts: z.array(z.string()),
    file: z
      .strictObject({ path: z.string(), why: z.string().optional().describe('Why it was not written') })
      .optional()
      .describe('The file that says the same now'),
  })
  .meta({ id: 'ChangedInventory' })

export const getInventoryEntry = operation({
  id: 'getInventoryEntry',
  tag: 'systems',
  summary: 'One entry of the inventory as it would stand in a file, and who changed it when and why',
  act: 'admin',
  query: z.strictObject({ key: search }),
  answer: inventoryEntry,
})
export const getInventoryFile = operation({
  id: 'getInventoryFile',
  tag: 'systems',
  summary: 'The whole inventory as a file of it would say it, to be copied where the program may not write',
  act: 'admin',
  answer: z.strictObject({ path: z.string().optional(), text: z.string() }).meta({ id: 'InventoryFile' }),
})
export const changeInventory = operation({
  id: 'changeInventory',
  tag: 'systems',
  summary: 'Changes or adds an entry (YAML, as in the file), or ends one: a version with its author and reason',
  act: 'admin',
  body: z.union([
    z.strictObject({ kind: inventoryKind, text: z.string().min(1).max(100_000), reason, seen: z.int().optional() }),
    z.strictObject({ ...place, end: z.literal(true), reason, seen: z.int().optional() }),
  ]),
  answer: changedInventory,
  refuses: [409, 422],
})
export const settleInventory = operation({
  id: 'settleInventory',
  tag: 'systems',
  summary: 'A change of the file that waits: it is taken, or what holds is kept',
  act: 'admin',
  body: z.strictObject({ ...place, take: z.enum(['file', 'kept']), reason }),
  answer: changedInventory,
  refuses: [409, 422],
})
