/** A succession of agencies: what it would change, and its carrying out. */
import { z } from 'zod'
import { AGENCY_KINDS } from '../../ingest/inventory/schema.ts'
import { HELD_KINDS } from '../../ingest/inventory/succession.ts'
import { changedInventory, inventoryKind } from './inventory.ts'
import { operation } from './operation.ts'
import { day, named } from './words.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'small letters, digits, "-", "_" and "."')
const heldKind = z.enum(HELD_KINDS)
const asked = {
  predecessors: z.array(z.string().min(1).max(64)).min(1).max(200).describe('Agencies that end'),
  successors: z.array(z.string().min(1).max(64)).min(1).max(50).describe('Agencies that have their duties then'),
  founded: z
    .array(
      z.strictObject({
        id,
        name: z.string().trim().min(1).max(300),
        kind: z.enum(AGENCY_KINDS),
        code: z.string().min(1).max(20).optional(),
      }),
    )
    .max(50)
    .describe('Of the successors, those that begin with it'),
  date: day.describe('The first day of the successors; it has come'),
  given: z
    .array(z.strictObject({ kind: heldKind, key: z.string().min(1).max(300), to: z.string().min(1).max(64) }))
    .max(5000)
    .describe('To whom something goes; what is not named goes to the first successor'),
}
const plan = z
  .strictObject({
    version: z.number().describe('Of the inventory that was looked at: hand it back as `seen`'),
    handed: z
      .array(z.strictObject({ kind: heldKind, key: z.string(), name: z.string(), from: named, to: named }))
      .describe('Portals, devices, networks and systems that go to a successor'),
    changes: z
      .array(
        z.strictObject({
          kind: inventoryKind,
          key: z.string(),
          lines: z
            .array(z.strictObject({ op: z.enum(['=', '-', '+']), text: z.string() }))
            .describe('Its entry as it is and as it would be'),
        }),
      )
      .describe('Every entry that would change'),
    incidents: z.number().describe('Open ones of the agencies that end: each is given by an act of its own'),
  })
  .meta({ id: 'SuccessionPlan' })

export const planSuccession = operation({
  id: 'planSuccession',
  tag: 'systems',
  summary: 'What a succession of agencies would change; nothing is changed',
  act: 'admin',
  body: z.strictObject(asked),
  answer: plan,
  refuses: [422],
})
export const carrySuccession = operation({
  id: 'carrySuccession',
  tag: 'systems',
  summary: 'Agencies end and others have their duties: one version of the inventory, with its author and reason',
  act: 'admin',
  body: z.strictObject({
    ...asked,
    reason: z.string().trim().min(3).max(500).describe('Why: it is kept with the version'),
    seen: z.int().describe('The version that the plan was made from'),
  }),
  answer: changedInventory,
  refuses: [409, 422],
})
