/** Words of the field, each spelled once: levels, roles, acts of the table of permissions, statuses, reasons; and shapes that many nouns have. */
import { z } from 'zod'
import type { Event } from '../../ingest/event.ts'
import { MOMENT } from '../../ingest/expected.ts'

export const level = z.enum(['critical', 'high', 'medium', 'low', 'informational']).meta({ id: 'Level' })
export const role = z
  .enum(['administrator', 'analyst', 'rule_author', 'manager', 'auditor', 'agency_viewer'])
  .meta({ id: 'Role' })
/** What a role may: `permissions.ts` says which. */
export const act = z
  .enum(['own', 'read', 'secrets', 'export', 'triage', 'except', 'rules', 'trail', 'admin'])
  .meta({ id: 'Act', description: 'What a role may or may not do' })
export const alertStatus = z.enum(['new', 'acknowledged', 'in_progress', 'closed']).meta({ id: 'AlertStatus' })
export const incidentStatus = alertStatus.exclude(['acknowledged']).meta({ id: 'IncidentStatus' })
export const closeReason = z
  .enum(['true_positive', 'benign', 'false_positive', 'duplicate', 'resolved'])
  .meta({ id: 'CloseReason', description: '"resolved": by itself; no person says so' })
/** Those that a person gives. */
export const givenReason = closeReason.exclude(['resolved']).meta({ id: 'GivenReason' })
export const language = z.enum(['vi', 'en']).meta({ id: 'Language' })

export const localized = z.strictObject({ vi: z.string(), en: z.string() }).meta({ id: 'Localized' })
/** A name, or a title in both languages. */
export const label = z.union([z.string(), localized]).meta({ id: 'Label' })
export const named = z.strictObject({ id: z.string(), name: z.string() }).meta({ id: 'Named' })
export const time = z.number({ error: MOMENT.en }).meta({ id: 'Time', description: 'Epoch milliseconds' })
/** `present` or absent. */
export const present = z.literal(true)
/** A day as the inventory writes it, YYYY-MM-DD. */
export const day = z.string().describe('A day, YYYY-MM-DD')

/** Numbers a bucket: the first begins at `start`, each is `every` ms wide. */
export const buckets = { start: time, every: z.number() }
export const histogram = z
  .strictObject({ ...buckets, levels: z.record(level, z.array(z.number())) })
  .meta({ id: 'LevelHistogram' })

const scalar = z.union([z.string(), z.number(), z.boolean()])
/** An event is a flat record of ECS names, and those are many (`ingest/event.ts`): the one place where keys are not listed. */
export const event: z.ZodType<Event> = z
  .record(z.string(), z.union([scalar, z.array(scalar)]))
  .meta({ id: 'Event', description: 'A flat record of ECS field names' })

export const portalNamed = z
  .strictObject({ id: z.string(), domain: z.string(), ipv6: z.boolean(), trusted: z.boolean() })
  .meta({ id: 'PortalNamed' })
export const facet = z
  .strictObject({
    field: z.string().describe('rule.level, alert.status, organization.id, rule.id, portal.id, vonglau.source.id'),
    values: z.array(z.strictObject({ value: z.string(), label, count: z.number() })),
  })
  .meta({ id: 'Facet' })
export const replay = z
  .strictObject({ progress: z.number().describe('0 to 1'), until: time })
  .meta({ id: 'Replay', description: 'Set while the demo replays its 14 days' })

/** It was done, and there is nothing more to say. */
export const ok = z.strictObject({ ok: present }).meta({ id: 'Done' })
