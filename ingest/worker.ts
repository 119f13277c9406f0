/** The thread of stages.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { createRowEnricher } from './enrich/enrich.ts'
import { openGeoIp } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import type { Job } from './stage.ts'
import { openSources, type Packing, type StagesOptions } from './stages.ts'

type Message =
  | { readonly inventory: Inventory }
  | { readonly id: number; readonly source: string; readonly job: Job; readonly spare: ArrayBufferLike[] }

if (parentPort) {
  const port = parentPort
  const options = workerData as StagesOptions
  const geoip = openGeoIp(options.geoip)
  let enrich = createRowEnricher({ inventory: options.inventory, geoip })
  const { openSink, buffersOf, reuse } = (await import(options.packing.module)) as Packing
  const run = openSources(options, () => enrich, openSink())
  port.on('message', (message: Message) => {
    if ('inventory' in message) {
      enrich = createRowEnricher({ inventory: message.inventory, geoip })
      return
    }
    const { id, source, job, spare } = message
    reuse(spare)
    try {
      const made = run(source, job)
      port.postMessage({ id, made }, buffersOf(made.packed))
    } catch (error) {
      port.postMessage({ id, error })
    }
  })
}
