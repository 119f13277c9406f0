/** The thread of stages.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { createRowEnricher } from './enrich/enrich.ts'
import { openGeoIp } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import type { Sink } from './row/sink.ts'
import type { Job } from './stage.ts'
import { openSources, type StagesOptions } from './stages.ts'
import type { Packed } from './store/store.ts'

type Message = { readonly inventory: Inventory } | { readonly id: number; readonly source: string; readonly job: Job }

if (parentPort) {
  const port = parentPort
  const options = workerData as StagesOptions
  const geoip = openGeoIp(options.geoip)
  let enrich = createRowEnricher({ inventory: options.inventory, geoip })
  const { openSink, buffersOf } = (await import(options.packing.module)) as {
    openSink(): Sink<Packed>
    buffersOf(packed: Packed): ArrayBuffer[]
  }
  const run = openSources(options, () => enrich, openSink())
  port.on('message', (message: Message) => {
    if ('inventory' in message) {
      enrich = createRowEnricher({ inventory: message.inventory, geoip })
      return
    }
    const { id, source, job } = message
    try {
      const made = run(source, job)
      port.postMessage({ id, made }, buffersOf(made.packed))
    } catch (error) {
      port.postMessage({ id, error })
    }
  })
}
