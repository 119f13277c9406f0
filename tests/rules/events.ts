/** Raw lines to events as ingest makes them, with the inventory of the demo province. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { parserOf } from '../../ingest/parsers/index.ts'
import type { EventOf } from '../../rules/check.ts'

const file = join(import.meta.dirname, '../../seeds/vinh-long/inventory.yml')
const inventory = parseInventory(readFileSync(file, 'utf8'), 'inventory.yml')
// As a province has it: the reverse proxies of the data centre serve all of its portals.
const serves = inventory.portals.flatMap((portal) => portal.addresses)
const enrich = createEnricher({ inventory, geoip: openGeoIp() })

export const eventOf: EventOf = (source, line) => {
  const parsed = parserOf(source).parse(
    line,
    { arrived: Date.UTC(2026, 4, 14, 12), timezone: 'Asia/Ho_Chi_Minh' },
    undefined,
  )
  if (!('event' in parsed)) return undefined
  const { event } = parsed
  event['event.dataset'] = source
  event['event.original'] = line
  enrich(event, source === 'nginx_access' ? { serves } : {})
  return event
}
