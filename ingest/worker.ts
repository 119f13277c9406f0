/** The thread of stages.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { createRowEnricher } from './enrich/enrich.ts'
import { openGeoIp, renewedOf } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import { type Judging, openMark } from './judge.ts'
import type { Source } from './source.ts'
import type { Job } from './stage.ts'
import { openSources, type Packing, type StagesOptions } from './stages.ts'

type Message =
  | { readonly inventory: Inventory }
  | { readonly sources: readonly Source[] }
  | { readonly id: number; readonly judging: Judging }
  | { readonly id: number; readonly source: string; readonly job: Job; readonly spare: ArrayBufferLike[] }

if (parentPort) {
  const port = parentPort
  const options = workerData as StagesOptions
  let geoip = openGeoIp(options.geoip)
  let enrich = createRowEnricher({ inventory: options.inventory, geoip })
  const { openSink, buffersOf, reuse } = (await import(options.packing.module)) as Packing
  let mark = options.judging && !options.history ? await openMark(options.judging) : undefined
  const stages = openSources(
    options,
    () => enrich,
    openSink(),
    () => mark,
  )
  const take = async (message: Message): Promise<void> => {
    if ('inventory' in message) {
      geoip = renewedOf(geoip)
      enrich = createRowEnricher({ inventory: message.inventory, geoip })
      return
    }
    if ('sources' in message) {
      stages.set(message.sources)
      return
    }
    const { id } = message
    try {
      if ('judging' in message) {
        mark = await openMark(message.judging)
        port.postMessage({ id })
        return
      }
      reuse(message.spare)
      const made = stages.run(message.source, message.job)
      port.postMessage({ id, made }, buffersOf(made.packed))
    } catch (error) {
      port.postMessage({ id, error })
    }
  }
  // What came behind a change of the rules is judged by the new ones.
  let turn = Promise.resolve()
  port.on('message', (message: Message) => {
    turn = turn.then(() => take(message))
  })
}
