/** Raw lines to events as ingest makes them, with the inventory of the demo province. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { splitLines } from '../../ingest/collect/lines.ts'
import { createRowEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { placeholdersOf } from '../../ingest/inventory/placeholders.ts'
import type { EventOf } from '../../rules/scenario.ts'
import { stageOf } from '../ingest/parsers/lines.ts'

const file = join(import.meta.dirname, '../../seeds/vinh-long/inventory.yml')
const inventory = parseInventory(readFileSync(file, 'utf8'), 'inventory.yml')
/** What rules name of it. */
export const words = placeholdersOf(inventory, Date.UTC(2026, 4, 14))
// As a province has it: the reverse proxies of the data centre serve all of its portals.
const serves = inventory.portals.flatMap((portal) => portal.addresses)
export const enrich = createRowEnricher({ inventory, geoip: openGeoIp() })

const stages = new Map<string, ReturnType<typeof stageOf>>()
export const eventOf: EventOf = (source, line) => {
  let stage = stages.get(source)
  if (!stage)
    stages.set(source, (stage = stageOf(source, { enrich, ...(source === 'nginx_access' ? { serves } : {}) })))
  const { lines } = splitLines(Buffer.from(line), 0, true)
  const [event] = stage({ lines, from: 0, prefix: 'x', now: Date.UTC(2026, 4, 14, 12), memory: [] }).packed
  if (!event || event['event.kind'] === 'pipeline_error') return undefined
  return event
}
