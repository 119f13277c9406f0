/** Who sends logs, and who does not. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { present, time } from './words.ts'

export const coverageState = z.enum(['full', 'part', 'silent', 'declared', 'none']).meta({
  id: 'CoverageState',
  description:
    'full: all its firewalls send and are understood; declared: one is in the inventory that never sent; none: not even that',
})
export const coverageRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    short: z.string(),
    kind: z.string(),
    parent: z.string().optional(),
    state: coverageState,
    firewalls: z.number().describe('In the inventory'),
    sending: z.number().describe('Of `expected`, these firewalls and the agency’s other sources'),
    expected: z.number(),
    lines: z.number(),
    understood: z
      .number()
      .optional()
      .describe('Share of the lines of 24 hours that were understood; absent where there were none'),
    silent_since: time.optional(),
    first: present
      .optional()
      .describe('Ask first: it has an open incident, or a system of level 3 or higher, or has just fallen silent'),
    open_incidents: z.number(),
  })
  .meta({ id: 'CoverageRow' })
export const coverage = z
  .strictObject({
    at: time,
    items: z.array(coverageRow),
    counts: z.record(coverageState, z.number()),
    systems: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        owner: z.string(),
        level: z.number().optional(),
        sources: z.number(),
        silent: z.number(),
        state: coverageState,
      }),
    ),
    portals: z.strictObject({ total: z.number(), seen: z.number() }),
  })
  .meta({ id: 'Coverage' })

export const getCoverage = operation({
  id: 'getCoverage',
  tag: 'systems',
  summary: 'Who sends logs and is understood, and who does not',
  act: 'read',
  answer: coverage,
})
