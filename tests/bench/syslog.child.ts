/**
 * The collectors of a server, without its console: says its port, and when so many lines are on disk (the parser is held), or with
 * `stored` when they are in the store, with `judged` when the rules have looked at each too. `CONFIGURATION LINES [stored|judged]`
 */
import { join } from 'node:path'
import { readConfig } from '../../api/config.ts'
import { syslogOptions } from '../../api/config-syslog.ts'
import { openInstallation } from '../../api/installation.ts'
import { openSyslog } from '../../ingest/collect/syslog.ts'
import { createIngest } from '../../ingest/pipeline.ts'

const [file, wanted, until] = [process.argv[2]!, Number(process.argv[3]), process.argv[4]]
const storing = until === 'stored' || until === 'judged'
const config = readConfig(file, {})
const installation = await openInstallation(config, {
  clock: Date.now,
  warn: (sentence) => process.stderr.write(`${sentence}\n`),
})
let accepted = 0
const ingest =
  until === 'judged'
    ? installation.ingest
    : await createIngest({
        store: installation.store.events,
        sources: config.sources,
        spoolFolder: join(config.data, 'spool'),
        lease: installation.store.lease,
        inventory: installation.inventory,
        geoip: config.geoip,
        clock: Date.now,
        warn: (sentence) => process.stderr.write(`${sentence}\n`),
      })
const counting = {
  ...ingest,
  accept: async (...args: Parameters<typeof ingest.accept>) => {
    const taken = await ingest.accept(...args)
    accepted += taken.accepted
    if (accepted === wanted && !storing) process.stdout.write(`accepted ${accepted}\n`)
    return taken
  },
}
if (storing) {
  await ingest.start()
  const timer = setInterval(() => {
    if (ingest.progress().lines < wanted) return
    clearInterval(timer)
    process.stdout.write(`${until} ${ingest.progress().lines}\n`)
  }, 20)
}
const syslog = await openSyslog(syslogOptions(config), config.sources, counting, Date.now)
process.stdout.write(`port ${syslog.tcp}\n`)
