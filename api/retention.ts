/**
 * Takes whole days out of the store: those older than `days`, and of the embedded store the oldest while the disk is fuller
 * than its share. The disks of a cluster are not this machine's.
 */
import { statfsSync } from 'node:fs'
import type { Installation } from './installation.ts'

const DAY = 86_400_000

export const retain = async (installation: Installation, report: (message: string) => void): Promise<void> => {
  const { config, store, clock } = installation
  const oldest = new Date(clock() - config.retention.days * DAY).toISOString().slice(0, 10)
  for (;;) {
    const days = (await store.events.days()).toSorted((a, b) => (a.day < b.day ? -1 : 1))
    const first = days[0]
    // The day that takes events now stays, whatever the disk says.
    if (!first || days.length < 2) return
    const disk = statfsSync(config.data)
    const used = (100 * (disk.blocks - disk.bfree)) / disk.blocks
    const old = first.day < oldest
    // What others filled the disk with cannot be made up by dropping days: at least a day of this store has to be worth it.
    const full = store.kind === 'duckdb' && used > config.retention.disk_percent && first.bytes > 0
    if (!old && !full) return
    await store.events.drop(first.day)
    report(
      `the day ${first.day} (${first.events} events) was removed: ${old ? `it is older than ${config.retention.days} days` : `the disk is ${used.toFixed(0)} % full, more than ${config.retention.disk_percent} %`}`,
    )
  }
}
