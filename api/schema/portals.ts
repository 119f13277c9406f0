/** Web portals of agencies. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { instant } from './query.ts'
import { named, present, time } from './words.ts'

export const portalRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    domain: z.string(),
    organization: named,
    agencies: z.array(z.string()).describe('Those that it is counted with: its agency and who succeeded that'),
    system: z.string().optional(),
    addresses: z.array(z.string()),
    ipv4: z.boolean(),
    ipv6: z.boolean(),
    trusted: z.boolean(),
    trust_expires: z.string().optional(),
    tls_expires: z.string().optional(),
    trust_gap: z
      .enum(['none', 'lapsed', 'ending'])
      .optional()
      .describe('No trust certificate, one that has ended, one that ends within 60 days; absent where all is well'),
    tls_gap: z
      .enum(['tls_expired', 'tls_ending'])
      .optional()
      .describe('Its TLS certificate has ended, or ends within 30 days'),
    left_over: present.optional().describe('Of an agency that was abolished'),
    ended: present.optional().describe('It is not in force any more, and counted nowhere'),
    open_incidents: z.number(),
    open_alerts: z.number(),
    last_event: time.optional(),
  })
  .meta({ id: 'PortalRow' })

export const listPortals = operation({
  id: 'listPortals',
  tag: 'agencies',
  summary: 'Portals with their addresses, certificates and open cases',
  act: 'read',
  query: z.strictObject({ at: instant('When what the inventory says is so, in epoch milliseconds; without it, now') }),
  answer: z.strictObject({ items: z.array(portalRow) }),
})
